-- expect: nothing
BEGIN;
CREATE POLICY isolation_next ON accounts
    USING (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
DROP POLICY isolation ON accounts;
COMMIT;
