-- expect: dangerous: orders are written anew
alter table orders add column place bigint generated always as identity;
