-- expect: dangerous: accounts are read
alter table accounts alter column phone set not null;
