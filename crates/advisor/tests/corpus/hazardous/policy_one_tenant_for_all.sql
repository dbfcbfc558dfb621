-- expect: policy-without-tenant
alter policy isolation on accounts using (tenant_id = '00000000-0000-0000-0000-000000000001');
