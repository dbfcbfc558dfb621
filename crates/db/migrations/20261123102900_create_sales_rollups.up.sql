-- Sales per store and day, and per store and hour. Net sales are sales_amount - returned_amount.
--
-- With continuous aggregates: those, with the live tail added at query time. Elsewhere: tables that
-- each statement on transactions adds its own difference to, so they are exact at every moment and
-- stay when old chunks are dropped. The rollup tables belong to the owner alone; the application
-- role reads them.

-- The sums of the rollups, each in terms of how it is added up again.
create function shelfops.sales_rollup_sums() returns text[]
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
    select array['line_count', 'sold_quantity', 'returned_quantity', 'sales_amount',
        'returned_amount', 'discount_amount', 'tax_amount']
$$;

-- Returns the statement that adds what "hours" holds to a rollup.
create function shelfops.sales_rollup_addition(rollup text, period text) returns text
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
    select format(
        'insert into public.%1$I as total (customer_id, store_id, %2$I, currency, %3$s)'
        ' select customer_id, store_id, %2$I, currency, %4$s from hours'
        ' group by customer_id, %2$I, store_id, currency'
        -- In the order of the key: two loads cannot wait for each other, and new rows come at its end.
        ' order by customer_id, %2$I, store_id, currency'
        ' on conflict (customer_id, store_id, %2$I, currency) do update set %5$s',
        rollup, period,
        string_agg(quote_ident(name), ', ' order by place),
        string_agg(format('sum(%I)', name), ', ' order by place),
        string_agg(format('%1$I = total.%1$I + excluded.%1$I', name), ', ' order by place))
    from unnest(shelfops.sales_rollup_sums()) with ordinality as sums (name, place)
$$;

-- Returns the statement that adds the lines of rows_name to both rollups, or with sign -1 takes them
-- off. The lines are read once: a day's totals are added up from its hours'.
-- A statement, not a function that runs it: transition tables are visible to the trigger itself only.
create function shelfops.sales_rollup_change(rows_name text, sign integer) returns text
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
    select format(
        'with hours as materialized ('
        ' select customer_id, store_id, business_date, %3$s as sold_hour, currency,'
        '  %2$s * count(*) as line_count,'
        '  %2$s * coalesce(sum(quantity) filter (where transaction_type = ''sale''), 0) as sold_quantity,'
        '  %2$s * coalesce(sum(quantity) filter (where transaction_type = ''return''), 0) as returned_quantity,'
        '  %2$s * coalesce(sum(total_amount) filter (where transaction_type = ''sale''), 0) as sales_amount,'
        '  %2$s * coalesce(sum(total_amount) filter (where transaction_type = ''return''), 0) as returned_amount,'
        '  %2$s * coalesce(sum(discount_amount) filter (where transaction_type = ''sale''), 0) as discount_amount,'
        '  %2$s * coalesce(sum(case transaction_type when ''sale'' then tax_amount'
        '    when ''return'' then -tax_amount end), 0) as tax_amount'
        ' from %1$s group by customer_id, store_id, business_date, sold_hour, currency'
        '), hourly as (%4$s) %5$s',
        rows_name, sign,
        'date_bin(interval ''1 hour'', occurred_at, timestamptz ''2000-01-01 00:00+00'')',
        shelfops.sales_rollup_addition('hourly_sales', 'sold_hour'),
        shelfops.sales_rollup_addition('daily_sales', 'business_date'))
$$;

-- Returns the statement that removes the totals of rows_name that have no line left.
create function shelfops.sales_rollup_rest(rollup text, rows_name text) returns text
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
    select format(
        'delete from public.%1$I as total using ('
        '    select distinct customer_id, store_id, %3$s as period, currency from %4$s'
        ' ) as gone'
        ' where total.line_count = 0 and total.customer_id = gone.customer_id'
        '  and total.store_id = gone.store_id and total.%2$I = gone.period'
        '  and total.currency = gone.currency',
        rollup,
        case rollup when 'daily_sales' then 'business_date' else 'sold_hour' end,
        case rollup
            when 'daily_sales' then 'business_date'
            else 'date_bin(interval ''1 hour'', occurred_at, timestamptz ''2000-01-01 00:00+00'')'
        end,
        rows_name)
$$;

create function shelfops.roll_up_sales() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if tg_op in ('UPDATE', 'DELETE') then
        execute shelfops.sales_rollup_change('old_rows', -1);
    end if;
    if tg_op in ('UPDATE', 'INSERT') then
        execute shelfops.sales_rollup_change('new_rows', 1);
    end if;
    if tg_op in ('UPDATE', 'DELETE') then
        execute shelfops.sales_rollup_rest('daily_sales', 'old_rows');
        execute shelfops.sales_rollup_rest('hourly_sales', 'old_rows');
    end if;
    return null;
end
$$;

create function shelfops.create_sales_rollup_table(name text, period text, period_type text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    execute format(
        'create table public.%I ('
        ' customer_id uuid not null,'
        ' store_id uuid not null,'
        ' %I %s not null,'
        ' currency text not null,'
        ' line_count bigint not null,'
        ' sold_quantity numeric not null,'
        ' returned_quantity numeric not null,'
        ' sales_amount numeric not null,'
        ' returned_amount numeric not null,'
        ' discount_amount numeric not null,'
        ' tax_amount numeric not null,'
        -- The period before the store: reports ask for days of all stores, and new rows come at the
        -- end. No foreign key: only the trigger writes here, from lines whose store was just held,
        -- and keep_referenced looks here too. A key would cost a load of sparse data a third.
        ' primary key (customer_id, %I, store_id, currency))',
        name, period, period_type, period);
    perform shelfops.protect_tenant_table(format('public.%I', name)::regclass, 'select');
    execute format('comment on table public.%I is %L', name,
        'Sales per store and ' || period || '; kept exact by each statement on transactions.');
end
$$;

create function shelfops.create_sales_aggregate(
    name text, period text, expression text, bucket interval, refresh_after interval
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    execute format(
        'create materialized view timeseries.%I'
        ' with (timescaledb.continuous, timescaledb.materialized_only = false) as'
        ' select customer_id, store_id, %s.time_bucket(%L::interval, occurred_at) as bucket,'
        '  %s as %I, currency, count(*) as line_count,'
        '  coalesce(sum(quantity) filter (where transaction_type = ''sale''), 0) as sold_quantity,'
        '  coalesce(sum(quantity) filter (where transaction_type = ''return''), 0) as returned_quantity,'
        '  coalesce(sum(total_amount) filter (where transaction_type = ''sale''), 0) as sales_amount,'
        '  coalesce(sum(total_amount) filter (where transaction_type = ''return''), 0) as returned_amount,'
        '  coalesce(sum(discount_amount) filter (where transaction_type = ''sale''), 0) as discount_amount,'
        '  coalesce(sum(case transaction_type when ''sale'' then tax_amount'
        '    when ''return'' then -tax_amount end), 0) as tax_amount'
        ' from timeseries.transactions group by 1, 2, 3, 4, 5 with no data',
        name, shelfops.timescale_schema(), bucket, expression, period);
    perform shelfops.call_timescale(format(
        'add_continuous_aggregate_policy(%L::regclass, start_offset => null,'
        ' end_offset => %L::interval, schedule_interval => %L::interval)',
        format('timeseries.%I', name), refresh_after, interval '30 minutes'));
    -- A business day spans two buckets where the store's midnight is not that of UTC.
    execute format(
        'create view public.%1$I with (security_barrier) as'
        ' select customer_id, store_id, %2$I, currency, sum(line_count)::bigint as line_count,'
        '  sum(sold_quantity) as sold_quantity, sum(returned_quantity) as returned_quantity,'
        '  sum(sales_amount) as sales_amount, sum(returned_amount) as returned_amount,'
        '  sum(discount_amount) as discount_amount, sum(tax_amount) as tax_amount'
        ' from timeseries.%1$I'
        ' where customer_id = (select shelfops.current_customer_id())'
        ' group by customer_id, store_id, %2$I, currency',
        name, period);
    execute format('grant select on public.%I to shelfops_app, shelfops_readonly', name);
end
$$;

create function shelfops.timescale_schema() returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select quote_ident(nspname)
    from pg_extension join pg_namespace on pg_namespace.oid = extnamespace
    where extname = 'timescaledb'
$$;

do $$
declare
    storage regclass := shelfops.timeseries_storage('transactions');
begin
    if shelfops.timeseries_engine() = 'timescale' then
        perform shelfops.create_sales_aggregate(
            'daily_sales', 'business_date', 'business_date', interval '1 day', interval '1 day');
        perform shelfops.create_sales_aggregate(
            'hourly_sales', 'sold_hour',
            'date_bin(interval ''1 hour'', occurred_at, timestamptz ''2000-01-01 00:00+00'')',
            interval '1 hour', interval '1 hour');
        return;
    end if;
    perform shelfops.create_sales_rollup_table('daily_sales', 'business_date', 'date');
    perform shelfops.create_sales_rollup_table('hourly_sales', 'sold_hour', 'timestamptz');
    execute format(
        'create trigger roll_up_sales_of_insert after insert on %s'
        ' referencing new table as new_rows'
        ' for each statement execute function shelfops.roll_up_sales()', storage);
    execute format(
        'create trigger roll_up_sales_of_update after update on %s'
        ' referencing old table as old_rows new table as new_rows'
        ' for each statement execute function shelfops.roll_up_sales()', storage);
    execute format(
        'create trigger roll_up_sales_of_delete after delete on %s'
        ' referencing old table as old_rows'
        ' for each statement execute function shelfops.roll_up_sales()', storage);
end
$$;
