-- expect: safe
alter table accounts alter column code type text;
