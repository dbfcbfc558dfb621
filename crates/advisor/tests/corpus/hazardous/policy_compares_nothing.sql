-- expect: policy-without-tenant
CREATE POLICY some ON accounts USING (tenant_id IS NOT NULL);
