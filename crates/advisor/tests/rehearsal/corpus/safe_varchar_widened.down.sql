alter table accounts alter column name type varchar(50);
