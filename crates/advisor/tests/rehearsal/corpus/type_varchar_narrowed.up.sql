-- expect: dangerous: accounts are written anew
alter table accounts alter column code type varchar(15);
