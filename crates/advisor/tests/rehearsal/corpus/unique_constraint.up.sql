-- expect: dangerous: put into an index
alter table orders add constraint orders_number unique (number);
