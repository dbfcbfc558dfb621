-- Chunks as the program handles them: made ahead, listed, built aside, compressed and dropped, on
-- every engine by the same calls.

-- Where the chunk that holds a moment starts. Weeks start on a Monday. No search path of its own: with
-- one it could not be inlined, and would take three microseconds a row instead of none.
create function shelfops.chunk_start(chunk_interval interval, moment timestamptz) returns timestamptz
language sql immutable parallel safe
as $$
    select pg_catalog.date_bin(
        chunk_interval, moment, pg_catalog.timestamptz '2000-01-03 00:00:00+00')
$$;
grant execute on function shelfops.chunk_start(interval, timestamptz) to shelfops_app;

create function shelfops.chunk_name(name text, starts_at timestamptz) returns text
language sql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$ select name || to_char(starts_at at time zone 'UTC', '"_p"YYYYMMDDHH24') $$;

-- Makes the partitions that the given moments need. Hypertables make theirs by themselves.
--
-- The application role may call this; the bounds keep it from making partitions without end. Made
-- and then attached, because CREATE TABLE … PARTITION OF would lock out every reader.
create function shelfops.ensure_chunks(name text, moments timestamptz[]) returns integer
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    series shelfops.timeseries_tables;
    starts_at timestamptz;
    made integer := 0;
begin
    if shelfops.timeseries_engine() not in ('native', 'citus') then
        return 0;
    end if;
    select * into strict series from shelfops.timeseries_tables where table_name = name;
    for starts_at in
        select distinct shelfops.chunk_start(series.chunk_interval, moment)
        from unnest(moments) as moment
        order by 1
    loop
        if to_regclass(format('timeseries.%I', shelfops.chunk_name(name, starts_at))) is null then
            made := made + shelfops.make_chunk(series, starts_at);
        end if;
    end loop;
    return made;
end
$$;
grant execute on function shelfops.ensure_chunks(text, timestamptz[]) to shelfops_app;

-- Returns those of the moments for which there is no chunk yet, on every engine.
create function shelfops.missing_chunks(name text, moments timestamptz[]) returns timestamptz[]
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    series shelfops.timeseries_tables;
    missing timestamptz[];
begin
    select * into strict series from shelfops.timeseries_tables where table_name = name;
    if shelfops.timeseries_engine() in ('native', 'citus') then
        return array(
            select moment
            from unnest(moments) as moment
            where to_regclass(format('timeseries.%I', shelfops.chunk_name(
                name, shelfops.chunk_start(series.chunk_interval, moment)))) is null);
    end if;
    execute
        'select array('
        '    select moment from unnest($1) as moment'
        '    where not exists ('
        '        select from timescaledb_information.chunks'
        '        where hypertable_schema = ''timeseries'' and hypertable_name = $2'
        '            and range_start <= moment and range_end > moment))'
    into missing using moments, name;
    return missing;
end
$$;
grant execute on function shelfops.missing_chunks(text, timestamptz[]) to shelfops_app;

create function shelfops.make_chunk(series shelfops.timeseries_tables, starts_at timestamptz)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    chunk text := shelfops.chunk_name(series.table_name, starts_at);
begin
    perform shelfops.check_chunk_bounds(series.table_name, starts_at);
    -- Whoever fills this chunk aside holds the lock until it is attached: then it is there.
    perform pg_advisory_xact_lock(shelfops.chunk_lock(chunk));
    -- Attaching takes this lock anyway; taken first, two sessions cannot both make the chunk.
    execute format('lock table public.%I in share update exclusive mode', series.table_name);
    if to_regclass(format('timeseries.%I', chunk)) is not null then
        return 0;
    end if;
    execute format(
        'create table timeseries.%I (like public.%I including defaults including constraints)',
        chunk, series.table_name);
    perform shelfops.attach_leaf(series, starts_at);
    return 1;
end
$$;

create function shelfops.check_chunk_bounds(name text, starts_at timestamptz) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if starts_at < timestamptz '1999-12-01 00:00:00+00' or starts_at > now() + interval '3 years' then
        raise datetime_field_overflow using
            message = format('no chunk of %s may start at %s', name, starts_at),
            hint = 'Chunks lie between the year 2000 and three years from now.';
    end if;
end
$$;

-- A leaf without a policy denies everyone who names it; through its parent, the parent's holds.
create function shelfops.attach_leaf(series shelfops.timeseries_tables, starts_at timestamptz)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    chunk text := shelfops.chunk_name(series.table_name, starts_at);
begin
    execute format('alter table timeseries.%I enable row level security', chunk);
    execute format('alter table timeseries.%I force row level security', chunk);
    execute format(
        'alter table public.%I attach partition timeseries.%I for values from (%L) to (%L)',
        series.table_name, chunk, starts_at, starts_at + series.chunk_interval);
end
$$;

create function shelfops.chunk_lock(chunk text) returns bigint
language sql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$ select hashtextextended('shelfops chunk ' || chunk, 0) $$;

-- Partitions in the making. Each is finished in the transaction that began it: one that is still here
-- at the commit refuses the commit.
create table shelfops.chunks_in_the_making (
    chunk_name text primary key,
    -- Since when its maker cannot write there any more, its references are held and it has its indexes.
    is_prepared boolean not null default false,
    -- The days whose rows are in the rollups already, counted from 2000-01-01.
    rolled_up_days integer[] not null default '{}'
);
comment on table shelfops.chunks_in_the_making is 'Partitions that are being filled; always empty outside.';

create function shelfops.refuse_unfinished_chunk() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if exists (select from shelfops.chunks_in_the_making where chunk_name = new.chunk_name) then
        raise object_not_in_prerequisite_state using
            message = format('chunk %s was begun and not finished', new.chunk_name);
    end if;
    return null;
end
$$;

create constraint trigger refuse_unfinished_chunk after insert on shelfops.chunks_in_the_making
deferrable initially deferred
for each row execute function shelfops.refuse_unfinished_chunk();

-- Begins a partition that is filled before it is attached: by COPY, without indexes. Returns its
-- quoted name; null when the chunk exists, is being made by someone else, or the engine has no such
-- way: then rows go through the parent. Belongs to one transaction together with finish_chunk.
--
-- COPY does not go together with row security, so a check binds the table to the tenant of its maker
-- instead: nobody else can put a row in, and nobody at all can read one before it is attached.
create function shelfops.begin_chunk(name text, chunk_start timestamptz, chunk_end timestamptz)
returns text
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    tenant uuid := shelfops.current_customer_id();
    series shelfops.timeseries_tables;
    starts_at timestamptz;
    chunk text;
begin
    if tenant is null then
        raise insufficient_privilege using message = 'a chunk is made for a tenant';
    end if;
    if shelfops.timeseries_engine() <> 'native' then
        return null;
    end if;
    select * into strict series from shelfops.timeseries_tables where table_name = name;
    starts_at := shelfops.chunk_start(series.chunk_interval, chunk_start);
    chunk := shelfops.chunk_name(name, starts_at);
    perform shelfops.check_chunk_bounds(name, starts_at);
    -- The maker's idea of chunks may be older than the table's.
    if starts_at is distinct from chunk_start
        or starts_at + series.chunk_interval is distinct from chunk_end
    then
        return null;
    end if;
    if not pg_try_advisory_xact_lock(shelfops.chunk_lock(chunk)) then
        return null;
    end if;
    if to_regclass(format('timeseries.%I', chunk)) is not null
        or to_regclass(format('timeseries_aside.%I', chunk)) is not null
    then
        return null;
    end if;
    execute format(
        'create table timeseries_aside.%I (like public.%I including defaults including constraints)',
        chunk, name);
    execute format(
        'alter table timeseries_aside.%I add constraint only_its_maker check (customer_id = %L)',
        chunk, tenant);
    execute format('grant insert on timeseries_aside.%I to shelfops_app', chunk);
    insert into shelfops.chunks_in_the_making (chunk_name) values (chunk);
    return format('timeseries_aside.%I', chunk);
end
$$;
grant execute on function shelfops.begin_chunk(text, timestamptz, timestamptz) to shelfops_app;

create function shelfops.drop_chunks(name text, older_than timestamptz) returns integer
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

-- The chunks of a time series with their ranges and sizes on disk, indexes included.
create function shelfops.list_chunks(name text)
returns table (
    chunk_name text, starts_at timestamptz, ends_at timestamptz, total_bytes bigint,
    is_compressed boolean
)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    if shelfops.timeseries_engine() in ('native', 'citus') then
        return query
        select
            leaf.relname::text,
            (regexp_match(pg_get_expr(leaf.relpartbound, leaf.oid), 'FROM \(''(.*?)''\)'))[1]::timestamptz,
            (regexp_match(pg_get_expr(leaf.relpartbound, leaf.oid), 'TO \(''(.*?)''\)'))[1]::timestamptz,
            pg_total_relation_size(leaf.oid),
            false
        from pg_inherits join pg_class as leaf on leaf.oid = inhrelid
        where inhparent = format('public.%I', name)::regclass
        order by 2;
    else
        return query execute format(
            'select chunk.chunk_name::text, chunk.range_start, chunk.range_end,'
            ' pg_total_relation_size(format(''%%I.%%I'', chunk.chunk_schema, chunk.chunk_name)::regclass)'
            ' + coalesce((select pg_total_relation_size('
            '   format(''%%I.%%I'', packed.schema_name, packed.table_name)::regclass)'
            '   from _timescaledb_catalog.chunk as raw'
            '   join _timescaledb_catalog.chunk as packed on packed.id = raw.compressed_chunk_id'
            '   where raw.schema_name = chunk.chunk_schema and raw.table_name = chunk.chunk_name), 0),'
            ' chunk.is_compressed'
            ' from timescaledb_information.chunks as chunk'
            ' where format(''%%I.%%I'', chunk.hypertable_schema, chunk.hypertable_name)::regclass = %L::regclass'
            ' order by 2', shelfops.timeseries_storage(name));
    end if;
end
$$;

-- Compresses what lies wholly before a time; nothing on engines without compression.
create function shelfops.compress_chunks(name text, older_than timestamptz) returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    chunk record;
    compressed integer := 0;
begin
    if shelfops.timeseries_engine() <> 'timescale' then
        return 0;
    end if;
    for chunk in
        select listed.chunk_name, schema_name
        from shelfops.list_chunks(name) as listed
        join _timescaledb_catalog.chunk on table_name = listed.chunk_name
        where ends_at <= older_than and not is_compressed
    loop
        perform shelfops.call_timescale(format(
            'compress_chunk(%L::regclass)', format('%I.%I', chunk.schema_name, chunk.chunk_name)));
        compressed := compressed + 1;
    end loop;
    return compressed;
end
$$;
