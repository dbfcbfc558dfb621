alter table orders drop column region;
alter table accounts drop column region;
