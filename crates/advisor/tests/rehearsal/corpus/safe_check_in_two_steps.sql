-- expect: safe
alter table orders add constraint orders_total check (total >= 0) not valid;
alter table orders validate constraint orders_total;
