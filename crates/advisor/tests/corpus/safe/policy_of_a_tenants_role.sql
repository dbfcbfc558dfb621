-- expect: nothing
create policy own on accounts for select to tenant_seven using (tenant_id = '00000000-0000-0000-0000-000000000007');
