-- What the vendor counts and what we count, a store and day a row: the proof that nothing is lost.
create table reconciliations (
    customer_id uuid not null references customers,
    integration_id uuid not null,
    -- The vendor's id: a store that we lack has no other.
    external_store_id text collate "C" not null check (external_store_id <> ''),
    business_date date not null,
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    vendor_sale_lines bigint not null check (vendor_sale_lines >= 0),
    vendor_return_lines bigint not null check (vendor_return_lines >= 0),
    vendor_net numeric not null,
    -- Before anything was repaired.
    found_sale_lines bigint not null check (found_sale_lines >= 0),
    found_return_lines bigint not null check (found_return_lines >= 0),
    found_net numeric not null,
    -- What the vendor tells and no rule can take.
    quarantined_lines bigint not null check (quarantined_lines >= 0),
    outcome text not null check (outcome in ('equal', 'repaired', 'differs')),
    -- Some of the records that differ or differed, with what is different.
    differences jsonb not null default '[]',
    compared_at timestamptz not null default now(),
    primary key (customer_id, integration_id, external_store_id, business_date),
    foreign key (customer_id, integration_id) references integrations on delete cascade
);
comment on table reconciliations is 'Daily comparison of a vendor''s sales with ours.';

select shelfops.protect_tenant_table('reconciliations');
