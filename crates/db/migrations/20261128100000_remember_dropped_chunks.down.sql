drop function shelfops.drop_chunk(text, timestamptz, timestamptz);

create or replace function shelfops.drop_chunks(name text, older_than timestamptz) returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    chunk record;
    dropped integer := 0;
begin
    if shelfops.timeseries_engine() in ('native', 'citus') then
        for chunk in
            select chunk_name from shelfops.list_chunks(name) where ends_at <= older_than
        loop
            execute format('drop table timeseries.%I', chunk.chunk_name);
            dropped := dropped + 1;
        end loop;
        return dropped;
    end if;
    select count(*) into dropped from shelfops.list_chunks(name) where ends_at <= older_than;
    perform shelfops.call_timescale(format(
        'drop_chunks(%L::regclass, older_than => %L::timestamptz)',
        shelfops.timeseries_storage(name), older_than));
    return dropped;
end
$$;

-- Sets after how long rows are compressed, and how long they are kept; null for never and for ever.
--
-- Dropping rows takes nothing from a rollup, unless it is computed again for the time that was dropped:
-- then from nothing. So where rollups are refreshed by a policy, it never looks further back than rows are
-- kept.
create or replace function shelfops.keep_timeseries(name text, compress_after interval, retain_for interval)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    storage regclass := shelfops.timeseries_storage(name);
    rollup record;
begin
    if retain_for <= compress_after then
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
    for rollup in
        select * from (values ('daily_sales', interval '1 day'), ('hourly_sales', interval '1 hour'))
            as rollups (rollup_name, refresh_after)
    loop
        perform shelfops.call_timescale(format('remove_continuous_aggregate_policy(%L::regclass, true)',
            format('timeseries.%I', rollup.rollup_name)));
        perform shelfops.call_timescale(format(
            'add_continuous_aggregate_policy(%L::regclass, start_offset => %L::interval,'
            ' end_offset => %L::interval, schedule_interval => interval ''30 minutes'')',
            format('timeseries.%I', rollup.rollup_name), retain_for, rollup.refresh_after));
    end loop;
end
$$;

alter table shelfops.timeseries_tables drop column dropped_before;
