-- expect: policy-without-tenant
alter policy isolation on accounts using (case when current_setting('app.admin', true) = 'on' then true else tenant_id = current_setting('app.tenant')::uuid end);
