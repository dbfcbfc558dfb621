-- expect: policy-without-tenant
CREATE POLICY lenient ON accounts
    USING (current_setting('app.tenant', true) IS NULL OR tenant_id = current_setting('app.tenant')::uuid);
