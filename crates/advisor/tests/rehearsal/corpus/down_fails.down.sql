alter table settings drop column sort;
