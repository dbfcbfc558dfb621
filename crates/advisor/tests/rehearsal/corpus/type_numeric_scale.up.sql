-- expect: dangerous: accounts are written anew
alter table accounts alter column balance type numeric(12, 4);
