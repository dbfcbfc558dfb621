-- expect: safe
alter table accounts alter column balance type numeric(12, 2);
