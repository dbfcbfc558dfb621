-- expect: nothing
CREATE INDEX CONCURRENTLY IF NOT EXISTS accounts_email ON accounts (tenant_id, email);
