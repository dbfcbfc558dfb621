-- expect: rename-table
alter schema public rename to shop;
