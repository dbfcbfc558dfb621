-- expect: generated-column-on-existing-table
ALTER TABLE invoices ADD COLUMN total_cents bigint GENERATED ALWAYS AS ((total * 100)::bigint) STORED;
