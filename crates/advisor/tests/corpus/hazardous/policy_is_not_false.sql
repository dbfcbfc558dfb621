-- expect: policy-without-tenant
alter policy isolation on accounts using ((tenant_id = current_setting('app.tenant', true)::uuid) is not false);
