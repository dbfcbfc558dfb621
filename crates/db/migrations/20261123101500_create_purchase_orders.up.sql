create table purchase_orders (
    customer_id uuid not null,
    purchase_order_id uuid not null,
    supplier_id uuid not null,
    store_id uuid not null,
    source text not null check (source <> ''),
    external_id text not null check (external_id <> ''),
    status text not null
        check (status in ('draft', 'open', 'partially-received', 'received', 'cancelled')),
    ordered_at timestamptz not null,
    expected_at timestamptz,
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    source_updated_at timestamptz,
    created_at timestamptz not null default now(),
    primary key (customer_id, purchase_order_id),
    unique (customer_id, source, external_id),
    foreign key (customer_id, supplier_id) references suppliers,
    foreign key (customer_id, store_id) references stores
);
comment on table purchase_orders is 'Orders placed with suppliers.';

-- Behind the foreign keys, in the order that buyers read: newest first.
create index purchase_orders_supplier on purchase_orders (customer_id, supplier_id, ordered_at desc);
create index purchase_orders_store on purchase_orders (customer_id, store_id, ordered_at desc);

select shelfops.protect_tenant_table('purchase_orders');
