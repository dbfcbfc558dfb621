alter table settings drop column kind;
