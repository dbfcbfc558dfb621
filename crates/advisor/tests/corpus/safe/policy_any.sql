-- expect: nothing
alter policy isolation on accounts using (tenant_id = any (string_to_array(current_setting('app.tenants'), ',')::uuid[]));
