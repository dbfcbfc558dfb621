-- expect: nothing
create table lines (
    tenant_id uuid not null,
    id bigint generated always as identity,
    price numeric(12, 2) not null,
    quantity integer not null,
    total numeric(14, 2) generated always as (price * quantity) stored,
    primary key (tenant_id, id)
);
alter table lines enable row level security, force row level security;
create policy isolation on lines using (tenant_id = current_setting('app.tenant')::uuid);
