-- expect: nothing
BEGIN;
SET LOCAL lock_timeout = '2s';
SET LOCAL statement_timeout = '10s';
ALTER TABLE orders ADD COLUMN status text NOT NULL DEFAULT 'new';
COMMIT;
