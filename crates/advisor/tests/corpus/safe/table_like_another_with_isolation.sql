-- expect: nothing
create table accounts_next (like accounts including all);
alter table accounts_next enable row level security, force row level security;
create policy isolation on accounts_next using (tenant_id = current_setting('app.tenant')::uuid);
