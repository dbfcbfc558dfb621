alter table orders drop constraint orders_account;
