-- expect: unique-constraint-without-index
ALTER TABLE invoices ADD CONSTRAINT invoices_number UNIQUE (tenant_id, number);
