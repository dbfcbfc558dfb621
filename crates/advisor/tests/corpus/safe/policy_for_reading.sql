-- expect: nothing
CREATE POLICY stores_read ON stores FOR SELECT USING (tenant_id = current_setting('app.tenant_id')::uuid);
