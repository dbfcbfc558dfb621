-- expect: careful: closes several tables
alter table accounts add column region text;
alter table orders add column region text;
