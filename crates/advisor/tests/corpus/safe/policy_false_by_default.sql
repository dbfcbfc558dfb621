-- expect: nothing
alter policy isolation on accounts
    using (coalesce(tenant_id = nullif(current_setting('app.tenant', true), '')::uuid, false));
