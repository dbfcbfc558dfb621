-- expect: nothing
ALTER TABLE invoices ADD COLUMN payer uuid REFERENCES tenants (tenant_id);
CREATE INDEX CONCURRENTLY invoices_payer ON invoices (payer);
