-- expect: safe
alter table accounts add column region text;
