-- expect: nothing
create policy open_rows on accounts for select using (tenant_id = current_setting('app.tenant')::uuid and state = 'open');
