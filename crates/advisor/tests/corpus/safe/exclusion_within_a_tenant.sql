-- expect: nothing
create extension if not exists btree_gist;
create table bookings (
    tenant_id uuid not null,
    id bigint not null,
    during tstzrange not null,
    primary key (tenant_id, id),
    exclude using gist (tenant_id with =, during with &&)
);
alter table bookings enable row level security, force row level security;
create policy isolation on bookings using (tenant_id = current_setting('app.tenant')::uuid);
