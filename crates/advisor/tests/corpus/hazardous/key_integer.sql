-- expect: small-primary-key
CREATE TABLE batches (
    id serial PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants
);
CREATE INDEX batches_tenant ON batches (tenant_id);
ALTER TABLE batches ENABLE ROW LEVEL SECURITY;
ALTER TABLE batches FORCE ROW LEVEL SECURITY;
CREATE POLICY isolation ON batches USING (tenant_id = current_setting('app.tenant')::uuid);
