-- expect: several-heavy-locks
BEGIN;
SET LOCAL lock_timeout = '5s';
ALTER TABLE accounts ADD COLUMN a text;
ALTER TABLE invoices ADD COLUMN b text;
COMMIT;
