-- expect: nothing
create table memberships (tenant_id uuid not null references tenants, login text not null, primary key (tenant_id, login));
alter table memberships enable row level security; alter table memberships force row level security;
create policy isolation on memberships using (tenant_id = current_setting('app.tenant')::uuid);
alter policy isolation on accounts using (tenant_id in (select m.tenant_id from memberships m where m.login = current_user));
