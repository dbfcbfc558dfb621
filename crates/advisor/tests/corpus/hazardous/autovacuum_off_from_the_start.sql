-- expect: autovacuum-disabled
create table load_log (tenant_id uuid not null, id bigint not null, primary key (tenant_id, id))
    with (autovacuum_enabled = off);
alter table load_log enable row level security;
alter table load_log force row level security;
create policy isolation on load_log using (tenant_id = (select current_setting('app.tenant')::uuid));
