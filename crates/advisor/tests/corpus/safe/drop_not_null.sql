-- expect: nothing
ALTER TABLE accounts ALTER COLUMN name DROP NOT NULL;
