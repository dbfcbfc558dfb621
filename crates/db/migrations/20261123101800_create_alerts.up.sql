create table alerts (
    customer_id uuid not null references customers,
    alert_id uuid not null,
    store_id uuid,
    product_id uuid,
    kind text not null check (kind <> ''),
    severity text not null check (severity in ('info', 'warning', 'critical')),
    message text not null check (message <> ''),
    evidence jsonb not null default '{}',
    raised_at timestamptz not null default now(),
    acknowledged_at timestamptz,
    resolved_at timestamptz,
    primary key (customer_id, alert_id),
    foreign key (customer_id, store_id) references stores,
    foreign key (customer_id, product_id) references products
);
comment on table alerts is 'What somebody should look at.';

create index alerts_store on alerts (customer_id, store_id);
create index alerts_product on alerts (customer_id, product_id);
-- The list that people see: what is open, newest first.
create index alerts_open on alerts (customer_id, raised_at desc) where resolved_at is null;

select shelfops.protect_tenant_table('alerts');
