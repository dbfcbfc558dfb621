-- expect: nothing
ALTER TABLE accounts ALTER COLUMN name TYPE varchar(80);
