alter table settings alter column value type varchar(50);
