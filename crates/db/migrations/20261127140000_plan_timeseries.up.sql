-- What a person must know before a policy of a time series is set, and one call that sets it on every
-- engine.

-- When upkeep went well last: a policy that silently stopped is found by its age.
alter table shelfops.upkeep_schedules add column last_succeeded_at timestamptz;

-- About how many rows a table has: as it was last analyzed, or what came in where it never was.
create function shelfops.known_rows(relation oid, reltuples real) returns bigint
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select case when reltuples < 0 then pg_stat_get_live_tuples(relation) else reltuples::bigint end
$$;

-- The chunks of a time series as list_chunks has them, with what they took before they were compressed,
-- the rows that statistics tell of, and whether rows came after they were packed.
create function shelfops.describe_chunks(name text)
returns table (
    chunk_name text, starts_at timestamptz, ends_at timestamptz, total_bytes bigint,
    is_compressed boolean, bytes_before bigint, row_estimate bigint, is_partial boolean
)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    if shelfops.timeseries_engine() in ('native', 'citus') then
        return query
        select listed.chunk_name, listed.starts_at, listed.ends_at, listed.total_bytes, false, null::bigint,
            shelfops.known_rows(leaf.oid, leaf.reltuples), false
        from shelfops.list_chunks(name) as listed
        join pg_class as leaf on leaf.relname = listed.chunk_name
            and leaf.relnamespace = 'timeseries'::regnamespace
        order by listed.starts_at;
    else
        return query execute
            'select listed.chunk_name, listed.starts_at, listed.ends_at, listed.total_bytes,'
            ' listed.is_compressed,'
            ' (packed.uncompressed_heap_size + packed.uncompressed_toast_size'
            '  + packed.uncompressed_index_size)::bigint,'
            ' shelfops.known_rows(leaf.oid, leaf.reltuples)'
            '  + coalesce(packed.numrows_pre_compression, 0),'
            -- 8: some of its rows are not packed.
            ' listed.is_compressed and raw.status & 8 > 0'
            ' from shelfops.list_chunks($1) as listed'
            ' join _timescaledb_catalog.chunk as raw'
            '  on raw.schema_name = ''timeseries'' and raw.table_name = listed.chunk_name'
            ' join pg_class as leaf on leaf.relname = listed.chunk_name'
            '  and leaf.relnamespace = ''timeseries''::regnamespace'
            ' left join _timescaledb_catalog.compression_chunk_size as packed on packed.chunk_id = raw.id'
            ' order by listed.starts_at'
        using name;
    end if;
end
$$;

-- The policies that run by themselves, and when each went well last.
create function shelfops.timeseries_policies()
returns table (
    policy text, object text, runs_every interval, last_succeeded_at timestamptz, last_status text
)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select kind, 'all time series', make_interval(secs => every_seconds), upkeep.last_succeeded_at,
        case when is_paused then 'paused' end
    from shelfops.upkeep_schedules as upkeep
    where kind = 'timeseries-upkeep';
    if shelfops.timeseries_engine() <> 'timescale' then
        return;
    end if;
    return query execute
        'select case job.proc_name when ''policy_compression'' then ''compression'' else ''rollup'' end,'
        ' coalesce(rollup.view_name, job.hypertable_name)::text, job.schedule_interval,'
        ' nullif(stats.last_successful_finish, ''-infinity''),'
        ' case when job.scheduled then stats.last_run_status else ''paused'' end'
        ' from timescaledb_information.jobs as job'
        ' left join timescaledb_information.job_stats as stats on stats.job_id = job.job_id'
        ' left join timescaledb_information.continuous_aggregates as rollup'
        '  on rollup.materialization_hypertable_schema = job.hypertable_schema'
        '  and rollup.materialization_hypertable_name = job.hypertable_name'
        ' where job.proc_name in (''policy_compression'', ''policy_refresh_continuous_aggregate'')'
        '  and coalesce(rollup.view_schema, job.hypertable_schema) = ''timeseries'''
        ' order by 1, 2';
end
$$;

-- Up to where every rollup is kept apart from its lines; nothing where rollups are exact at every moment.
create function shelfops.rolled_up_to() returns timestamptz
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    moment timestamptz;
begin
    if shelfops.timeseries_engine() = 'timescale' then
        execute
            'select min(_timescaledb_functions.to_timestamp('
            '  _timescaledb_functions.cagg_watermark(hypertable.id)))'
            ' from timescaledb_information.continuous_aggregates as rollup'
            ' join _timescaledb_catalog.hypertable'
            '  on hypertable.schema_name = rollup.materialization_hypertable_schema'
            '  and hypertable.table_name = rollup.materialization_hypertable_name'
            ' where rollup.view_schema = ''timeseries'''
        into moment;
    end if;
    return moment;
end
$$;

-- Sets after how long rows are compressed, and how long they are kept; null for never and for ever.
--
-- Dropping rows takes nothing from a rollup, unless it is computed again for the time that was dropped:
-- then from nothing. So where rollups are refreshed by a policy, it never looks further back than rows are
-- kept.
create function shelfops.keep_timeseries(name text, compress_after interval, retain_for interval)
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
