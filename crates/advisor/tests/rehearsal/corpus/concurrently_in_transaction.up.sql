-- expect: fails: 25001
create index concurrently orders_account on orders (account_id);
