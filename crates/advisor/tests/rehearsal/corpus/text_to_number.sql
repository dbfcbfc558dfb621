-- expect: fails: 2 rows have a value in reference that is no integer
alter table orders alter column reference type integer using reference::integer;
