-- expect: nothing
create table memberships (tenant_id uuid not null references tenants, login text not null, primary key (tenant_id, login));
alter table memberships enable row level security, force row level security;
create policy isolation on memberships using (tenant_id = current_setting('app.tenant')::uuid);
alter policy isolation on accounts
    using (exists (select from memberships as m where m.tenant_id = accounts.tenant_id and m.login = current_user));
