-- expect: policy-without-tenant
alter policy isolation on accounts using (tenant_id = coalesce(nullif(current_setting('app.tenant', true), '')::uuid, tenant_id));
