-- expect: foreign-key-across-tenants
CREATE TABLE reviews (
    tenant_id uuid NOT NULL,
    id bigint NOT NULL,
    account_id bigint REFERENCES accounts (id),
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX reviews_account ON reviews (account_id);
ALTER TABLE reviews ENABLE ROW LEVEL SECURITY;
ALTER TABLE reviews FORCE ROW LEVEL SECURITY;
CREATE POLICY isolation ON reviews USING (tenant_id = current_setting('app.tenant')::uuid);
