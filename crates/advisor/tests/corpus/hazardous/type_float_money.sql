-- expect: float-for-money
CREATE TABLE payments (
    tenant_id uuid NOT NULL REFERENCES tenants,
    id bigint NOT NULL,
    amount double precision NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
ALTER TABLE payments ENABLE ROW LEVEL SECURITY;
ALTER TABLE payments FORCE ROW LEVEL SECURITY;
CREATE POLICY isolation ON payments USING (tenant_id = current_setting('app.tenant')::uuid);
