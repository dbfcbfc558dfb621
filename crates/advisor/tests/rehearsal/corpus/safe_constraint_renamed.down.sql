alter table orders rename constraint orders_key to orders_pkey;
