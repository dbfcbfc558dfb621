-- expect: dangerous: orders are read
alter table orders add constraint orders_total check (total >= 0);
