create table suppliers (
    customer_id uuid not null references customers,
    supplier_id uuid not null,
    name text not null check (name <> ''),
    email text,
    country text,
    lead_time_days numeric(19, 4) check (lead_time_days >= 0),
    is_placeholder boolean not null default false,
    source_updated_at timestamptz,
    created_at timestamptz not null default now(),
    primary key (customer_id, supplier_id)
);
comment on table suppliers is 'Companies that deliver products.';

select shelfops.protect_tenant_table('suppliers');
