-- expect: fails: 7 rows refer with (account_id) to no row of accounts
alter table orders add constraint orders_account foreign key (account_id) references accounts;
