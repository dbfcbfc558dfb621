-- expect: policy-without-tenant
CREATE POLICY known ON accounts USING (tenant_id IS NOT NULL);
