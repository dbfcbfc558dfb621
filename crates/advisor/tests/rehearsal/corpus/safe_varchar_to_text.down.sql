alter table accounts alter column code type varchar(20);
