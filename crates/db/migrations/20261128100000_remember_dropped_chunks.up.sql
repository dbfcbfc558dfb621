-- Remembers up to where rows were dropped. How long rows are kept can be set longer, and what was dropped
-- does not come back by that: computed again, its figures would be nothing; loaded again, they would count
-- twice.
alter table shelfops.timeseries_tables add column dropped_before timestamptz;
comment on column shelfops.timeseries_tables.dropped_before is
    'Up to where chunks were dropped: what is older is in the rollups only, and never comes again.';

-- Drops the chunk of a range; answers how many there were. One chunk a transaction: each takes a lock on the
-- table and on those that it refers to, and holds it until the end.
create function shelfops.drop_chunk(name text, chunk_start timestamptz, chunk_end timestamptz)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    chunk record;
    dropped integer := 0;
begin
    for chunk in
        select chunk_name, ends_at
        from shelfops.list_chunks(name)
        where starts_at >= chunk_start and ends_at <= chunk_end
    loop
        update shelfops.timeseries_tables
        set dropped_before = greatest(dropped_before, chunk.ends_at)
        where table_name = name;
        if shelfops.timeseries_engine() in ('native', 'citus') then
            execute format('drop table timeseries.%I', chunk.chunk_name);
        end if;
        dropped := dropped + 1;
    end loop;
    if dropped > 0 and shelfops.timeseries_engine() like 'timescale%' then
        perform shelfops.call_timescale(format(
            'drop_chunks(%L::regclass, older_than => %L::timestamptz, newer_than => %L::timestamptz)',
            shelfops.timeseries_storage(name), chunk_end, chunk_start));
    end if;
    return dropped;
end
$$;

-- Drops the chunks that end before a moment, all in one transaction.
create or replace function shelfops.drop_chunks(name text, older_than timestamptz) returns integer
language sql
set search_path = pg_catalog, pg_temp
as $$ select shelfops.drop_chunk(name, '-infinity', older_than) $$;

-- Sets after how long rows are compressed, and how long they are kept; null for never and for ever.
--
-- Dropping rows takes nothing from a rollup, unless it is computed again for the time that was dropped:
-- then from nothing. So where rollups are refreshed by a policy, it never looks further back than rows are
-- kept, nor to where some were dropped while they were kept for less.
create or replace function shelfops.keep_timeseries(name text, compress_after interval, retain_for interval)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    storage regclass := shelfops.timeseries_storage(name);
    rollup record;
    look_back interval;
begin
    -- An engine that does not compress has the age in its settings and never uses it.
    if retain_for <= compress_after and shelfops.timeseries_engine() = 'timescale' then
        raise invalid_parameter_value using
            message = format('%s cannot be kept for %s and compressed after %s', name, retain_for,
                compress_after),
            hint = 'Rows would be dropped before they are compressed: keep them longer, or do not compress.';
    end if;
    update shelfops.timeseries_tables as series
    set compress_after = keep_timeseries.compress_after, retain_for = keep_timeseries.retain_for
    where table_name = name;
    if not found then
        raise undefined_table using message = format('there is no time series %s', name);
    end if;
    if shelfops.timeseries_engine() <> 'timescale' then
        return;
    end if;
    perform shelfops.call_timescale(format('remove_compression_policy(%L::regclass, true)', storage));
    if compress_after is not null then
        perform shelfops.call_timescale(format(
            'add_compression_policy(%L::regclass, compress_after => %L::interval)', storage,
            compress_after));
    end if;
    if name <> 'transactions' then
        return;
    end if;
    select least(keep_timeseries.retain_for, date_trunc('hour', now() - dropped_before)) into look_back
    from shelfops.timeseries_tables
    where table_name = name;
    for rollup in
        select * from (values ('daily_sales', interval '1 day'), ('hourly_sales', interval '1 hour'))
            as rollups (rollup_name, refresh_after)
    loop
        perform shelfops.call_timescale(format('remove_continuous_aggregate_policy(%L::regclass, true)',
            format('timeseries.%I', rollup.rollup_name)));
        perform shelfops.call_timescale(format(
            'add_continuous_aggregate_policy(%L::regclass, start_offset => %L::interval,'
            ' end_offset => %L::interval, schedule_interval => interval ''30 minutes'')',
            format('timeseries.%I', rollup.rollup_name), look_back, rollup.refresh_after));
    end loop;
end
$$;
