create table anomalies (
    customer_id uuid not null references customers,
    anomaly_id uuid not null,
    store_id uuid,
    product_id uuid,
    metric text not null check (metric <> ''),
    detected_at timestamptz not null,
    expected_value numeric(19, 4),
    actual_value numeric(19, 4),
    severity_score numeric(5, 2) not null check (severity_score between 0 and 1),
    evidence jsonb not null default '{}',
    primary key (customer_id, anomaly_id),
    foreign key (customer_id, store_id) references stores,
    foreign key (customer_id, product_id) references products
);
comment on table anomalies is 'Values that differ from what was expected.';

-- Behind the reference to stores, and one store's newest anomalies.
create index anomalies_store on anomalies (customer_id, store_id, detected_at desc);
create index anomalies_product on anomalies (customer_id, product_id, detected_at desc);

select shelfops.protect_tenant_table('anomalies');
