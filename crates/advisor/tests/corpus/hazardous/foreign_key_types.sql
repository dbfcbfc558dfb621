-- expect: foreign-key-type-mismatch
CREATE TABLE payments (
    tenant_id uuid NOT NULL REFERENCES tenants,
    id bigint NOT NULL,
    invoice_id integer NOT NULL,
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices (tenant_id, id),
    PRIMARY KEY (tenant_id, id)
);
ALTER TABLE payments ENABLE ROW LEVEL SECURITY;
ALTER TABLE payments FORCE ROW LEVEL SECURITY;
CREATE POLICY isolation ON payments USING (tenant_id = current_setting('app.tenant')::uuid);
CREATE INDEX payments_invoice ON payments (tenant_id, invoice_id);
