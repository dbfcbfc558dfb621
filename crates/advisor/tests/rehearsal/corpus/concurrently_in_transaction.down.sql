drop index orders_account;
