-- Numerators and counts are kept, not percentages: a percentage of percentages is wrong.
create table forecast_accuracy (
    customer_id uuid not null,
    forecast_accuracy_id uuid not null,
    store_id uuid not null,
    product_id uuid not null,
    model text not null check (model <> ''),
    period_starts_on date not null,
    period_ends_on date not null check (period_ends_on >= period_starts_on),
    observation_count integer not null check (observation_count > 0),
    forecast_quantity numeric(19, 4) not null check (forecast_quantity >= 0),
    actual_quantity numeric(19, 4) not null check (actual_quantity >= 0),
    absolute_error numeric(19, 4) not null check (absolute_error >= 0),
    squared_error numeric(28, 8) not null check (squared_error >= 0),
    measured_at timestamptz not null default now(),
    primary key (customer_id, forecast_accuracy_id),
    unique (customer_id, store_id, product_id, model, period_starts_on, period_ends_on),
    foreign key (customer_id, store_id) references stores,
    foreign key (customer_id, product_id) references products
);
comment on table forecast_accuracy is 'How far forecasts were from what was sold: sums, so that any period adds up.';

create index forecast_accuracy_product on forecast_accuracy
    (customer_id, product_id, period_starts_on);

select shelfops.protect_tenant_table('forecast_accuracy');
