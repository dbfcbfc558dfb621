-- expect: nothing
CREATE TABLE IF NOT EXISTS places (
    tenant_id uuid NOT NULL REFERENCES tenants,
    id bigint NOT NULL,
    city text,
    PRIMARY KEY (tenant_id, id)
);
ALTER TABLE places ENABLE ROW LEVEL SECURITY;
ALTER TABLE places FORCE ROW LEVEL SECURITY;
CREATE POLICY isolation ON places USING (tenant_id = current_setting('app.tenant')::uuid);
CREATE INDEX places_city ON places (tenant_id, city);
