-- expect: fails: have a value in code that is no varchar(8)
alter table accounts alter column code type varchar(8);
