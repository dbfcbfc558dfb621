-- expect: enum-value-used-at-once
BEGIN;
ALTER TYPE invoice_state ADD VALUE 'void';
ALTER TABLE invoices ADD COLUMN state invoice_state DEFAULT 'void';
COMMIT;
