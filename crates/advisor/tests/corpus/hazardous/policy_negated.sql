-- expect: policy-without-tenant
alter policy isolation on accounts using (not (tenant_id = current_setting('app.tenant')::uuid));
