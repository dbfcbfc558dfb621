-- What a store held of a product at a time. The natural key is the primary key: a count has no other
-- identity. Its prefix stands behind the reference to stores.
create table inventory_levels (
    customer_id uuid not null,
    store_id uuid not null,
    product_id uuid not null,
    counted_at timestamptz not null,
    quantity_on_hand numeric(19, 4) not null,
    quantity_reserved numeric(19, 4) not null default 0,
    quantity_on_order numeric(19, 4) not null default 0,
    source text collate "C" not null check (source <> ''),
    constraint inventory_levels_pkey
        primary key (customer_id, store_id, product_id, counted_at, source)
);
comment on table inventory_levels is 'Stock counts of a product in a store at a time.';

-- Behind the reference to products: one product's stock over all stores.
create index inventory_levels_product on inventory_levels (customer_id, product_id, counted_at desc);

select shelfops.create_timeseries(
    'inventory_levels', 'counted_at', interval '7 days',
    array['customer_id', 'store_id'], 'product_id, counted_at desc', interval '14 days');
