-- expect: fails: 7 rows refer with (account_id)
alter table orders add constraint orders_account foreign key (account_id) references accounts not valid;
alter table orders validate constraint orders_account;
