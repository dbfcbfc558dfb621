-- expect: safe
alter table orders add constraint orders_payer foreign key (payer_id) references accounts not valid;
alter table orders validate constraint orders_payer;
