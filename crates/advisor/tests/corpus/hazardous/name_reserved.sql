-- expect: reserved-or-quoted-name
CREATE TABLE places (
    tenant_id uuid NOT NULL REFERENCES tenants,
    id bigint NOT NULL,
    "order" integer,
    PRIMARY KEY (tenant_id, id)
);
ALTER TABLE places ENABLE ROW LEVEL SECURITY;
ALTER TABLE places FORCE ROW LEVEL SECURITY;
CREATE POLICY isolation ON places USING (tenant_id = current_setting('app.tenant')::uuid);
