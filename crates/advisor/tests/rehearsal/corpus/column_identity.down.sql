alter table orders drop column place;
