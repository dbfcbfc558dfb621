alter table accounts drop column doubled;
