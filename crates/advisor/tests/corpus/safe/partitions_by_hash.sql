-- expect: nothing
create table facts (tenant_id uuid not null, id bigint not null, primary key (tenant_id, id)) partition by hash (tenant_id);
create table facts_0 partition of facts for values with (modulus 2, remainder 0);
create table facts_1 partition of facts for values with (modulus 2, remainder 1);
alter table facts enable row level security, force row level security;
create policy isolation on facts using (tenant_id = current_setting('app.tenant')::uuid);
