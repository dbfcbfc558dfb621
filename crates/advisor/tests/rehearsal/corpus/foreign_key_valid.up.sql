-- expect: dangerous: rows of
alter table orders add constraint orders_payer foreign key (payer_id) references accounts;
