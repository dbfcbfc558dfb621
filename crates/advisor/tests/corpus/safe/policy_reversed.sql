-- expect: nothing
alter policy isolation on accounts using (current_setting('app.tenant')::uuid = tenant_id);
