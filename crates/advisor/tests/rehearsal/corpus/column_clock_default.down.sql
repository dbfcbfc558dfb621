alter table accounts drop column seen_at;
