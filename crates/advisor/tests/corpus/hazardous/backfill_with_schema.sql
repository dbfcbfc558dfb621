-- expect: data-change-in-schema-transaction
BEGIN;
ALTER TABLE accounts ADD COLUMN currency text;
UPDATE accounts SET currency = 'EUR' WHERE currency IS NULL;
COMMIT;
