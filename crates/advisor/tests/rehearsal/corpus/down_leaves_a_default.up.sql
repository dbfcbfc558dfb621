-- expect: careful: leaves another schema
alter table settings alter column revision set default 2;
