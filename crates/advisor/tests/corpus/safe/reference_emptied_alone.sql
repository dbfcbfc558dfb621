-- expect: nothing
create table notes (
    tenant_id uuid not null,
    id bigint not null,
    account_id bigint,
    primary key (tenant_id, id),
    foreign key (tenant_id, account_id) references accounts (tenant_id, id) on delete set null (account_id)
);
create index on notes (tenant_id, account_id);
alter table notes enable row level security, force row level security;
create policy isolation on notes using (tenant_id = current_setting('app.tenant')::uuid);
