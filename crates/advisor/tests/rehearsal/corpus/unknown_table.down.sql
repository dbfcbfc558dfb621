alter table nowhere drop column kind;
