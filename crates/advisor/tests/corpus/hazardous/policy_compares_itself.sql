-- expect: policy-without-tenant
alter policy isolation on accounts using (tenant_id = tenant_id);
