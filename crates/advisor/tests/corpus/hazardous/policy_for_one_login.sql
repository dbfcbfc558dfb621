-- expect: policy-without-tenant
create policy support_reads on accounts for select using (current_user = 'support');
