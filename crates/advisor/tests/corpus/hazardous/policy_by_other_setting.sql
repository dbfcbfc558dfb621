-- expect: policy-without-tenant
create policy admin on accounts using (current_setting('app.admin', true) = 'on');
