alter table accounts drop column is_vip;
