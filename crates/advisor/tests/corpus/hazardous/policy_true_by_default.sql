-- expect: policy-without-tenant
alter policy isolation on accounts using (coalesce(tenant_id = current_setting('app.tenant', true)::uuid, true));
