-- expect: redundant-index
CREATE INDEX CONCURRENTLY invoices_tenant ON invoices (tenant_id);
