-- expect: dangerous: put into an index
create index orders_account on orders (account_id);
