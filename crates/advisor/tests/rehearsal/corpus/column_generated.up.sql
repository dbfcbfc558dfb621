-- expect: dangerous: accounts are written anew
alter table accounts add column doubled numeric generated always as (balance * 2) stored;
