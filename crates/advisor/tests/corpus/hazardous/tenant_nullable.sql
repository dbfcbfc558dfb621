-- expect: tenant-column-nullable
CREATE TABLE reviews (
    id bigint PRIMARY KEY,
    tenant_id uuid
);
ALTER TABLE reviews ENABLE ROW LEVEL SECURITY;
ALTER TABLE reviews FORCE ROW LEVEL SECURITY;
CREATE POLICY isolation ON reviews USING (tenant_id = current_setting('app.tenant')::uuid);
