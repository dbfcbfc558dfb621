-- data: fails
CREATE UNIQUE INDEX CONCURRENTLY accounts_email ON accounts (tenant_id, email);
