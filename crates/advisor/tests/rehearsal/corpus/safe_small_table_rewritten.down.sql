alter table settings alter column revision type int;
