-- expect: safe
alter table orders rename constraint orders_pkey to orders_key;
