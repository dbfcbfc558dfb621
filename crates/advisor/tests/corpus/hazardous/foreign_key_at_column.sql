-- expect: foreign-key-without-not-valid
ALTER TABLE invoices ADD COLUMN payer uuid DEFAULT '00000000-0000-0000-0000-000000000010' REFERENCES tenants (tenant_id);
CREATE INDEX CONCURRENTLY invoices_payer ON invoices (payer);
