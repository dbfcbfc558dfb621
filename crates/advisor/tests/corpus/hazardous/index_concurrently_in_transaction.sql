-- expect: concurrently-in-transaction
BEGIN;
CREATE INDEX CONCURRENTLY accounts_email ON accounts (tenant_id, email);
COMMIT;
