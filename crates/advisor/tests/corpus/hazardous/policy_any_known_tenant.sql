-- expect: policy-without-tenant
alter policy isolation on accounts using (tenant_id in (select tenant_id from tenants));
