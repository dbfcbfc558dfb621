-- expect: nothing
BEGIN;
SET LOCAL lock_timeout = '2s';
ALTER TABLE accounts RENAME TO clients;
CREATE VIEW accounts WITH (security_invoker) AS
    SELECT tenant_id, id, name, email, note, state, is_active, visits, balance, legacy_code, created_at FROM clients;
COMMIT;
