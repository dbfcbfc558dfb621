create table customers (
    customer_id uuid primary key references shelfops.tenants on delete restrict,
    name text not null check (name <> ''),
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    time_zone text not null check (time_zone <> ''),
    created_at timestamptz not null default now()
);
comment on table customers is 'The tenants: one retailer each.';

select shelfops.protect_tenant_table('customers', 'select, insert, update');
