-- expect: policy-without-tenant
alter policy isolation on accounts using (tenant_id::text like current_setting('app.tenant', true) || '%');
