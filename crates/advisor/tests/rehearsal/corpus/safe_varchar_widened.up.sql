-- expect: safe
alter table accounts alter column name type varchar(80);
