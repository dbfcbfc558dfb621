drop index orders_shipped;
alter table orders drop column shipped_at;
