create table products (
    customer_id uuid not null references customers,
    product_id uuid not null,
    name text not null check (name <> ''),
    sku text,
    barcode text,
    department text,
    category text,
    brand text,
    unit_of_measure text,
    package_size text,
    unit_price numeric(19, 4) check (unit_price >= 0),
    unit_cost numeric(19, 4) check (unit_cost >= 0),
    currency text check (currency ~ '^[A-Z]{3}$'),
    is_placeholder boolean not null default false,
    source_updated_at timestamptz,
    created_at timestamptz not null default now(),
    primary key (customer_id, product_id)
);
comment on table products is 'Things that are sold.';

-- People look products up by what is printed on them.
create index products_sku on products (customer_id, sku) where sku is not null;
create index products_barcode on products (customer_id, barcode) where barcode is not null;

select shelfops.protect_tenant_table('products');

comment on column products.is_placeholder is
    'Made because a record named it; waits for the source''s own description.';
