-- expect: generated-column-on-existing-table
ALTER TABLE invoices ADD COLUMN position bigserial;
