-- What the corpus meets: tables with rows, some with tenants, as a shop of any kind has them.
create table tenants (tenant_id uuid primary key, name text not null);
create table accounts (
    tenant_id uuid not null references tenants,
    id bigint not null,
    name varchar(50) not null,
    email text,
    note text,
    state text not null default 'open',
    is_active boolean not null default true,
    visits integer not null default 0,
    balance numeric(10, 2),
    legacy_code varchar(20),
    created_at timestamptz not null default now(),
    primary key (tenant_id, id)
);
create index accounts_created on accounts (tenant_id, created_at);
alter table accounts enable row level security;
alter table accounts force row level security;
create policy isolation on accounts using (tenant_id = current_setting('app.tenant')::uuid);

create table invoices (
    tenant_id uuid not null,
    id bigint not null,
    account_id bigint not null,
    number text not null,
    total numeric(12, 2) not null,
    issued_at timestamptz not null default now(),
    primary key (tenant_id, id),
    foreign key (tenant_id, account_id) references accounts (tenant_id, id)
);
create index invoices_account on invoices (tenant_id, account_id);
alter table invoices enable row level security;
alter table invoices force row level security;
create policy isolation on invoices using (tenant_id = current_setting('app.tenant')::uuid);

create table events (
    tenant_id uuid not null,
    id bigint not null,
    happened_at timestamptz not null,
    payload jsonb,
    primary key (tenant_id, id, happened_at)
) partition by range (happened_at);
create table events_2026_05 partition of events for values from ('2026-05-01') to ('2026-06-01');
alter table events enable row level security;
alter table events force row level security;
create policy isolation on events using (tenant_id = current_setting('app.tenant')::uuid);
create table events_2026_06 (
    tenant_id uuid not null, id bigint not null, happened_at timestamptz not null, payload jsonb,
    primary key (tenant_id, id, happened_at)
);

create table branches (
    tenant_id uuid not null,
    id bigint not null,
    code text not null,
    label text,
    nickname text collate "C",
    remark text,
    primary key (tenant_id, id)
);
create index branches_code on branches (tenant_id, code);
create index branches_label on branches (tenant_id, lower(label)) where label is not null;
create index branches_nickname on branches (tenant_id, nickname);
alter table branches enable row level security;
alter table branches force row level security;
create policy isolation on branches using (tenant_id = current_setting('app.tenant')::uuid);

create type invoice_state as enum ('draft', 'sent', 'paid');
create materialized view monthly_totals as
select tenant_id, date_trunc('month', issued_at) as month, sum(total) as total
from invoices group by 1, 2;
