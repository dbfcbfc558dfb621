-- expect: fails: 0A000
-- A materialised view reads the column, which only the server knows.
alter table orders alter column total type numeric(14, 2);
