create table demand_forecasts (
    customer_id uuid not null,
    demand_forecast_id uuid not null,
    store_id uuid not null,
    product_id uuid not null,
    model text not null check (model <> ''),
    forecast_date date not null,
    made_at timestamptz not null,
    expected_quantity numeric(14, 4) not null check (expected_quantity >= 0),
    lower_quantity numeric(14, 4) check (lower_quantity >= 0),
    upper_quantity numeric(14, 4) check (upper_quantity >= lower_quantity),
    primary key (customer_id, demand_forecast_id),
    -- One forecast a model, day and making; its prefix stands behind the reference to stores.
    unique (customer_id, store_id, product_id, forecast_date, model, made_at),
    foreign key (customer_id, store_id) references stores,
    foreign key (customer_id, product_id) references products
);
comment on table demand_forecasts is 'What is expected to be sold, by the model that expects it.';

create index demand_forecasts_product on demand_forecasts (customer_id, product_id, forecast_date);

select shelfops.protect_tenant_table('demand_forecasts');
