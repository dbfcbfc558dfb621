-- expect: nothing
CREATE UNIQUE INDEX CONCURRENTLY invoices_number ON invoices (tenant_id, number);
ALTER TABLE invoices ADD CONSTRAINT invoices_number UNIQUE USING INDEX invoices_number;
