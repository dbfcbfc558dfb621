-- expect: redundant-index
CREATE INDEX CONCURRENTLY invoices_by_account ON invoices (tenant_id, account_id);
