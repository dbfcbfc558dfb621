-- Attaches a partition that begin_chunk made and its maker filled: all that the triggers of the parent
-- would have done, done once for all its rows, and every index built in one pass over sorted data.
--
-- In two steps, so that most of the work can be done while the batch before is not committed yet:
-- prepare_chunk does what nobody else can be waiting for, finish_chunk the rest. Without the first,
-- the second does all.

-- Ends the rights of the maker, checks the references, and builds what the parent has indexes for.
-- superseded are transactions that a newer version in the same batch replaced.
create function shelfops.check_and_index_chunk(name text, chunk text, superseded uuid[])
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    rows_name text := format('timeseries_aside.%I', chunk);
    missing uuid;
    of_parent record;
begin
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
    execute format('alter table %s drop constraint only_its_maker', rows_name);
    -- The attachment takes them over instead of building its own.
    for of_parent in
        select
            substring(pg_get_indexdef(indexrelid) from 'USING .*$') as index_definition,
            pg_get_constraintdef(pg_constraint.oid) as key_definition
        from pg_index
        left join pg_constraint on conindid = indexrelid and conrelid = indrelid
        where indrelid = format('public.%I', name)::regclass
        order by indexrelid
    loop
        if of_parent.key_definition is null then
            execute format('create index on %s %s', rows_name, of_parent.index_definition);
        else
            execute format('alter table %s add %s', rows_name, of_parent.key_definition);
        end if;
    end loop;
    update shelfops.chunks_in_the_making set is_prepared = true where chunk_name = chunk;
end
$$;

-- Whether a line belongs to the days that its batch has locked: by UTC, and by its store's clock.
create function shelfops.is_of_days(days integer[]) returns text
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
    select format(
        '(business_date - date ''2000-01-01'' = any (%1$L::integer[])'
        ' and (occurred_at at time zone ''UTC'')::date - date ''2000-01-01'' = any (%1$L::integer[]))',
        days)
$$;

-- Does all of a partition that can be done before its batch's turn: sales of the given days are rolled
-- up, the others by finish_chunk.
create function shelfops.prepare_chunk(
    name text, chunk_start timestamptz, superseded uuid[], days integer[]
) returns void
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    chunk text := shelfops.chunk_in_the_making(name, chunk_start);
begin
    perform shelfops.check_and_index_chunk(name, chunk, superseded);
    if name = 'transactions' then
        execute shelfops.sales_rollup_change(
            format('(select * from timeseries_aside.%I where %s) as line',
                chunk, shelfops.is_of_days(days)),
            1);
        update shelfops.chunks_in_the_making set rolled_up_days = days where chunk_name = chunk;
    end if;
end
$$;

-- Names the partition that this transaction has begun.
create function shelfops.chunk_in_the_making(name text, chunk_start timestamptz) returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    series shelfops.timeseries_tables;
    chunk text;
begin
    select * into strict series from shelfops.timeseries_tables where table_name = name;
    chunk := shelfops.chunk_name(
        name, shelfops.chunk_start(series.chunk_interval, chunk_start));
    if not exists (select from shelfops.chunks_in_the_making where chunk_name = chunk) then
        raise object_not_in_prerequisite_state using
            message = format('chunk %s was not begun in this transaction', chunk);
    end if;
    return chunk;
end
$$;

create function shelfops.finish_chunk(name text, chunk_start timestamptz, superseded uuid[])
returns void
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    chunk text := shelfops.chunk_in_the_making(name, chunk_start);
    rows_name text := format('timeseries_aside.%I', chunk);
    making shelfops.chunks_in_the_making;
    series shelfops.timeseries_tables;
begin
    select * into strict series from shelfops.timeseries_tables where table_name = name;
    select * into strict making from shelfops.chunks_in_the_making where chunk_name = chunk;
    if not making.is_prepared then
        perform shelfops.check_and_index_chunk(name, chunk, superseded);
    end if;
    if name <> 'transactions' then
        execute shelfops.newest_levels_change(rows_name);
    elsif cardinality(making.rolled_up_days) = 0 then
        execute shelfops.sales_rollup_change(rows_name, 1);
    else
        execute shelfops.sales_rollup_change(
            format('(select * from %s where not %s) as line',
                rows_name, shelfops.is_of_days(making.rolled_up_days)),
            1);
    end if;
    delete from shelfops.chunks_in_the_making where chunk_name = chunk;
    execute format('alter table %s set schema timeseries', rows_name);
    perform shelfops.attach_leaf(
        series, shelfops.chunk_start(series.chunk_interval, chunk_start));
end
$$;
grant execute on function shelfops.prepare_chunk(text, timestamptz, uuid[], integer[])
    to shelfops_app;
grant execute on function shelfops.finish_chunk(text, timestamptz, uuid[]) to shelfops_app;
