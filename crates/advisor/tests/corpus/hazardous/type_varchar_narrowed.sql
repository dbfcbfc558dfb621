-- expect: type-change-rewrite
ALTER TABLE accounts ALTER COLUMN name TYPE varchar(20);
