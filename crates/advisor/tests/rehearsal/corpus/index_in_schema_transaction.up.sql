-- expect: dangerous: since line
alter table orders add column shipped_at timestamptz;
create index orders_shipped on orders (shipped_at);
