-- expect: nothing
ALTER TABLE accounts ALTER COLUMN legacy_code TYPE text;
