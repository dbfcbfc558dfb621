-- One interface to time-partitioned tables, whatever engine the server has. The engine is chosen
-- once, when this runs, and recorded: a licence that changes later must not change what the tables
-- are. Hypertables are guarded by a view: compressed ones cannot have row security, and the others
-- would hand their rights, but not their policy, to every chunk, where pg_stats shows sample values
-- of all tenants to whoever may read the chunk. Native tables are guarded by policy.
create table shelfops.timeseries_engine_choice (
    is_only boolean primary key default true check (is_only),
    engine text not null check (engine in ('native', 'timescale', 'timescale-apache', 'citus'))
);
insert into shelfops.timeseries_engine_choice (engine)
select coalesce(nullif(current_setting('shelfops.requested_engine', true), ''), 'native');

create function shelfops.timeseries_engine() returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$ select engine from shelfops.timeseries_engine_choice $$;
grant select on shelfops.timeseries_engine_choice to shelfops_app, shelfops_readonly;
grant execute on function shelfops.timeseries_engine() to shelfops_app, shelfops_readonly;

-- Chunks, partitions and guarded hypertables live where the application role has no rights at all:
-- row security of a partitioned parent does not protect a leaf that is named directly.
create schema timeseries;
comment on schema timeseries is
    'Partitions and guarded hypertables; the application role has no rights here.';
-- A partition in the making: its maker may insert, under row security, until it is attached.
create schema timeseries_aside;
grant usage on schema timeseries_aside to shelfops_app;
comment on schema timeseries_aside is 'Partitions that are filled before they are attached.';

create table shelfops.timeseries_tables (
    table_name text primary key,
    time_column text not null,
    chunk_interval interval not null check (chunk_interval > interval '0'),
    segment_by text[] not null,
    order_by text not null,
    compress_after interval,
    retain_for interval
);
comment on table shelfops.timeseries_tables is 'Tables that are partitioned by time, and how.';
grant select on shelfops.timeseries_tables to shelfops_app, shelfops_readonly;

-- Where the rows are: the table itself, or the hypertable behind the view of the same name.
create function shelfops.timeseries_storage(name text) returns regclass
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select format('%I.%I',
        case when shelfops.timeseries_engine() like 'timescale%' then 'timeseries' else 'public' end,
        name)::regclass
$$;

-- Turns the empty table public.<name> into a time series.
create function shelfops.create_timeseries(
    name text,
    time_column text,
    chunk_interval interval,
    segment_by text[],
    order_by text,
    compress_after interval
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    engine text := shelfops.timeseries_engine();
    plain text := format('public.%I', name);
begin
    insert into shelfops.timeseries_tables
        (table_name, time_column, chunk_interval, segment_by, order_by, compress_after)
    values (name, time_column, chunk_interval, segment_by, order_by, compress_after);
    if engine in ('native', 'citus') then
        perform shelfops.create_native_timeseries(name, time_column);
        perform shelfops.protect_tenant_table(plain::regclass);
    else
        execute format('alter table %s set schema timeseries', plain);
        perform shelfops.make_keys_deferrable(format('timeseries.%I', name)::regclass);
        perform shelfops.create_hypertable_timeseries(
            format('timeseries.%I', name)::regclass, time_column, chunk_interval);
        if engine = 'timescale' then
            execute format(
                'alter table timeseries.%I set (timescaledb.compress,'
                ' timescaledb.compress_segmentby = %L, timescaledb.compress_orderby = %L)',
                name, array_to_string(segment_by, ','), order_by);
            perform shelfops.call_timescale(format(
                'add_compression_policy(%L::regclass, compress_after => %L::interval)',
                format('timeseries.%I', name), compress_after));
        end if;
        perform shelfops.create_guard_view(name);
    end if;
end
$$;

-- Calls a function of TimescaleDB in whichever schema its extension lives.
create function shelfops.call_timescale(call text) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    home text;
begin
    select nspname into strict home
    from pg_extension join pg_namespace on pg_namespace.oid = extnamespace
    where extname = 'timescaledb';
    execute format('select %I.%s', home, call);
end
$$;

create function shelfops.create_hypertable_timeseries(
    storage regclass, time_column text, chunk_interval interval
) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    -- The chunks go where the application role cannot name them.
    perform shelfops.call_timescale(format(
        'create_hypertable(%L::regclass, %L::name, chunk_time_interval => %L::interval,'
        ' create_default_indexes => false, associated_schema_name => ''timeseries'')',
        storage, time_column, chunk_interval));
end
$$;

-- The check option of a guard view is looked at after a row is in its indexes. With keys that are
-- checked at once, INSERT of another tenant's key would tell whether the row exists, and ON CONFLICT DO
-- UPDATE would hand over the row itself. Deferrable keys are checked after the option, and ON CONFLICT
-- does not go together with them.
create function shelfops.make_keys_deferrable(storage regclass) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    key record;
begin
    for key in
        select conname, pg_get_constraintdef(oid) as definition
        from pg_constraint
        where conrelid = storage and contype in ('p', 'u')
    loop
        execute format(
            'alter table %s drop constraint %I, add constraint %2$I %s deferrable initially immediate',
            storage, key.conname, key.definition);
    end loop;
end
$$;

-- A plain table cannot become a partitioned one, so it is made anew in its image.
create function shelfops.create_native_timeseries(name text, time_column text) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    description text := obj_description(format('public.%I', name)::regclass, 'pg_class');
begin
    execute format('alter table public.%I rename to %I', name, name || '_image');
    execute format(
        'create table public.%I (like public.%I including all) partition by range (%I)',
        name, name || '_image', time_column);
    execute format('drop table public.%I', name || '_image');
    execute format('comment on table public.%I is %L', name, description);
end
$$;

-- The name that the program uses, where the hypertable itself cannot have row security.
create function shelfops.create_guard_view(name text) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    columns text;
    is_table boolean;
begin
    select string_agg(quote_ident(attname), ', ' order by attnum), bool_or(relkind = 'r')
    into columns, is_table
    from pg_attribute join pg_class on pg_class.oid = attrelid
    where attrelid = format('timeseries.%I', name)::regclass and attnum > 0 and not attisdropped;
    -- The sub-select is pushed down to the segment_by column of compressed chunks as a parameter;
    -- a bare call is not, and whole chunks would be decompressed.
    execute format(
        'create view public.%I with (security_barrier) as select %s from timeseries.%I'
        ' where customer_id = (select shelfops.current_customer_id())%s',
        name, columns, name, case when is_table then ' with cascaded check option' else '' end);
    execute format('grant select%s on public.%I to shelfops_app',
        case when is_table then ', insert, update, delete' else '' end, name);
    execute format('grant select on public.%I to shelfops_readonly', name);
end
$$;

create function shelfops.drop_timeseries(name text) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if shelfops.timeseries_engine() like 'timescale%' then
        execute format('drop view public.%I', name);
        execute format('drop table timeseries.%I', name);
    else
        execute format('drop table public.%I', name);
    end if;
    delete from shelfops.timeseries_tables where table_name = name;
end
$$;
