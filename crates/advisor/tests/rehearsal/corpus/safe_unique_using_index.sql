-- expect: safe
create unique index concurrently orders_number on orders (number);
alter table orders add constraint orders_number unique using index orders_number;
