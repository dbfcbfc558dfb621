-- no-transaction
drop index concurrently orders_account;
