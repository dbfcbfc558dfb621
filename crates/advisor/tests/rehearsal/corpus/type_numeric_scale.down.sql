alter table accounts alter column balance type numeric(10, 2);
