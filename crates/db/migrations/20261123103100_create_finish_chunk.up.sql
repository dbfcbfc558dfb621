-- Attaches a partition that begin_chunk made and its maker filled: all that the triggers of the parent
-- would have done, done once for all its rows, and every index built in one pass over sorted data.
-- superseded are transactions that a newer version in the same batch replaced.
create function shelfops.finish_chunk(name text, chunk_start timestamptz, superseded uuid[])
returns void
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    series shelfops.timeseries_tables;
    starts_at timestamptz;
    chunk text;
    rows_name text;
    missing uuid;
begin
    select * into strict series from shelfops.timeseries_tables where table_name = name;
    starts_at := shelfops.chunk_start(series.chunk_interval, chunk_start);
    chunk := shelfops.chunk_name(name, starts_at);
    rows_name := format('timeseries_aside.%I', chunk);
    delete from shelfops.chunks_in_the_making where chunk_name = chunk;
    if not found then
        raise object_not_in_prerequisite_state using
            message = format('chunk %s was not begun in this transaction', chunk);
    end if;
    -- The maker's rights end here.
    execute format('revoke all on %s from shelfops_app', rows_name);
    if cardinality(superseded) > 0 then
        execute format('delete from %s where transaction_id = any($1)', rows_name) using superseded;
    end if;
    -- Only what the statements below are planned by; autovacuum sees to the rest.
    execute format('analyze %s (customer_id, store_id, product_id)', rows_name);
    execute shelfops.reference_check(rows_name, 'stores', 'store_id') into missing;
    perform shelfops.refuse_missing('stores', 'store_id', missing);
    execute shelfops.reference_check(rows_name, 'products', 'product_id') into missing;
    perform shelfops.refuse_missing('products', 'product_id', missing);
    if name = 'transactions' then
        execute shelfops.sales_rollup_change('daily_sales', rows_name, 1);
        execute shelfops.sales_rollup_change('hourly_sales', rows_name, 1);
    else
        execute shelfops.newest_levels_change(rows_name);
    end if;
    execute format('alter table %s drop constraint only_its_maker', rows_name);
    execute format('alter table timeseries_aside.%I set schema timeseries', chunk);
    perform shelfops.attach_leaf(series, starts_at);
end
$$;
grant execute on function shelfops.finish_chunk(text, timestamptz, uuid[]) to shelfops_app;
