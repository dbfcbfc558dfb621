alter table accounts drop column region;
