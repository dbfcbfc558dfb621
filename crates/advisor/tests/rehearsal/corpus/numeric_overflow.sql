-- expect: fails: have a value in balance that is no numeric(5,2)
alter table accounts alter column balance type numeric(5, 2);
