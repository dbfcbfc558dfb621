-- expect: table-without-primary-key
CREATE TABLE visits (
    tenant_id uuid NOT NULL,
    at timestamptz NOT NULL
);
ALTER TABLE visits ENABLE ROW LEVEL SECURITY;
ALTER TABLE visits FORCE ROW LEVEL SECURITY;
CREATE POLICY isolation ON visits USING (tenant_id = current_setting('app.tenant')::uuid);
