create table stores (
    customer_id uuid not null references customers,
    store_id uuid not null,
    name text not null check (name <> ''),
    store_type text,
    city text,
    region text,
    country text,
    time_zone text not null check (time_zone <> ''),
    currency text check (currency ~ '^[A-Z]{3}$'),
    opened_on date,
    is_placeholder boolean not null default false,
    source_updated_at timestamptz,
    created_at timestamptz not null default now(),
    primary key (customer_id, store_id)
);
comment on table stores is 'Places that sell or hold stock.';

select shelfops.protect_tenant_table('stores');

comment on column stores.is_placeholder is
    'Made because a record named it; waits for the source''s own description.';
