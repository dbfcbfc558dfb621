alter table orders drop constraint orders_payer;
