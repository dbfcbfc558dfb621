-- One row a line of a sale, return, exchange or void. Quantities are above zero: the type says which
-- way goods and money went, so no report can forget a sign.
--
-- No declared foreign keys to stores and products: a row-by-row trigger would take nearly half of
-- the time of a load. create_reference_guards checks each statement's references as a set instead.
create table transactions (
    customer_id uuid not null,
    transaction_id uuid not null,
    store_id uuid not null,
    product_id uuid not null,
    -- The source's time of creation. It never changes, because it decides the partition.
    occurred_at timestamptz not null,
    -- The day by the store's own clock: what a shopkeeper calls the day.
    business_date date not null,
    source_updated_at timestamptz,
    quantity numeric(14, 4) not null check (quantity > 0),
    unit_price numeric(19, 4) check (unit_price >= 0),
    discount_amount numeric(19, 4) not null default 0 check (discount_amount >= 0),
    tax_amount numeric(19, 4) not null default 0,
    total_amount numeric(19, 4) not null,
    -- Reports subtract returns: one below zero would be added. Exchanges and voids go either way.
    constraint transactions_total_not_negative
        check (total_amount >= 0 or transaction_type in ('exchange', 'void')),
    -- Three capital letters, said without a regular expression: it would cost a twentieth of a load.
    currency text collate "C" not null
        check (octet_length(currency) = 3 and currency between 'AAA' and 'ZZZ'),
    transaction_type text not null
        check (transaction_type in ('sale', 'return', 'exchange', 'void')),
    -- Compared byte by byte: ids have no alphabet, and indexes on them are searched twice as fast.
    source text collate "C" not null check (source <> ''),
    external_id text collate "C" not null check (external_id <> ''),
    external_order_id text collate "C",
    -- The natural key, in an order that also serves a tenant's rows of a time range. There is no index
    -- on transaction_id: nothing refers to it, its uniqueness is that of a UUID, and every index costs
    -- a load a tenth.
    constraint transactions_pkey primary key (customer_id, occurred_at, external_id, source)
);
comment on table transactions is 'Lines of sales, returns, exchanges and voids.';

-- Behind the references, and the two questions asked most: one store's, one product's recent lines.
create index transactions_store on transactions (customer_id, store_id, occurred_at desc);
create index transactions_product on transactions (customer_id, product_id, occurred_at desc);

-- Weeks: smaller indexes stay in memory while they fill (months were a fifth slower to load).
-- Compressed after 45 days, when late sales and most refunds have arrived.
select shelfops.create_timeseries(
    'transactions', 'occurred_at', interval '7 days',
    array['customer_id', 'store_id'], 'occurred_at desc', interval '45 days');
