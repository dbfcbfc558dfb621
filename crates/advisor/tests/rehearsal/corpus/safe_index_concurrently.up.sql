-- expect: safe
-- no-transaction
create index concurrently orders_account on orders (account_id);
