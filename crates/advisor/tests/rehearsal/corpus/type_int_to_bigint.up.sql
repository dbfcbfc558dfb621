-- expect: dangerous: accounts are written anew
alter table accounts alter column visits type bigint;
