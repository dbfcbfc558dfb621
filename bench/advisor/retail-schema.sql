-- The tables that shops ask most about, with the columns and primary keys of our schema and nothing else: no
-- partitions and no other index, so that advisors have all to find. {lines} lines of 10 tenants over 180 days.
create function code(kind text, number bigint) returns uuid
    language sql immutable parallel safe as $$ select md5(kind || number)::uuid $$;

create table stores (
    customer_id uuid not null, store_id uuid not null, name text not null, city text, region text,
    time_zone text not null, primary key (customer_id, store_id));
insert into stores
select code('c', place % 10), code('s', place), 'Store ' || place, 'City ' || place % 40,
    'Region ' || place % 8, 'UTC'
from generate_series(0, 199) as place;

create table products (
    customer_id uuid not null, product_id uuid not null, name text not null, sku text, category text,
    brand text, unit_price numeric(19, 4), primary key (customer_id, product_id));
insert into products
select code('c', place % 10), code('p', place), 'Product ' || place, 'SKU-' || place, 'Category ' || place % 25,
    'Brand ' || place % 300, place % 500 * 0.37 + 1
from generate_series(0, 49999) as place;

create table suppliers (
    customer_id uuid not null, supplier_id uuid not null, name text not null, country text,
    primary key (customer_id, supplier_id));
insert into suppliers
select code('c', place % 10), code('v', place), 'Supplier ' || place, 'DE'
from generate_series(0, 1999) as place;

create table transactions (
    customer_id uuid not null, transaction_id uuid not null, store_id uuid not null, product_id uuid not null,
    occurred_at timestamptz not null, business_date date not null, quantity numeric(14, 4) not null,
    unit_price numeric(19, 4), discount_amount numeric(19, 4) not null default 0,
    total_amount numeric(19, 4) not null, currency text not null, transaction_type text not null,
    source text not null, external_id text not null, external_order_id text,
    primary key (customer_id, occurred_at, external_id, source));
insert into transactions
select code('c', place % 10), code('t', place), code('s', (place % 10) + 10 * (hashint8(place) & 1023) % 200),
    code('p', (place % 10) + 10 * ((hashint8(place + 7) & 1048575) % 5000)),
    timestamptz '2026-01-01' + place * (interval '180 days' / {lines}),
    (timestamptz '2026-01-01' + place * (interval '180 days' / {lines}))::date,
    1 + (hashint8(place + 1) & 7), 5 + (hashint8(place + 2) & 63),
    case when hashint8(place + 3) & 15 = 0 then 1.5 else 0 end, 5 + (hashint8(place + 2) & 511) * 0.25, 'USD',
    case hashint8(place + 4) & 63 when 0 then 'return' when 1 then 'void' else 'sale' end, 'till',
    'L' || place, 'O' || place / 3
from generate_series(0, {lines} - 1) as place;

create table inventory_levels (
    customer_id uuid not null, store_id uuid not null, product_id uuid not null, counted_at timestamptz not null,
    quantity_on_hand numeric(19, 4) not null, quantity_reserved numeric(19, 4) not null default 0,
    source text not null, primary key (customer_id, counted_at, store_id, product_id, source));
insert into inventory_levels
select code('c', place % 10), code('s', (place % 10) + 10 * (place / 10 % 20)),
    code('p', (place % 10) + 10 * (place / 200 % 500)), timestamptz '2026-01-01' + place / 100000 * interval '9 days',
    (hashint8(place) & 255) - 4, 0, 'till'
from generate_series(0, 1999999) as place;

create table purchase_orders (
    customer_id uuid not null, purchase_order_id uuid not null, supplier_id uuid not null, store_id uuid not null,
    source text not null, external_id text not null, status text not null, ordered_at timestamptz not null,
    expected_at timestamptz, currency text not null, primary key (customer_id, purchase_order_id));
insert into purchase_orders
select code('c', place % 10), code('o', place), code('v', (place % 10) + 10 * (place / 10 % 200)),
    code('s', (place % 10) + 10 * (place / 10 % 20)), 'erp', 'PO' || place,
    case hashint8(place) & 31 when 0 then 'open' when 1 then 'partially-received' else 'received' end,
    timestamptz '2025-01-01' + place * interval '4 minutes',
    timestamptz '2025-01-15' + place * interval '4 minutes', 'USD'
from generate_series(0, 199999) as place;

vacuum analyze;
