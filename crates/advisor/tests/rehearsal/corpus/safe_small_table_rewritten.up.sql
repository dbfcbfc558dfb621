-- expect: safe
alter table settings alter column revision type bigint;
