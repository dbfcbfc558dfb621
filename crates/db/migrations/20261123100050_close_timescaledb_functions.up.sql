-- shelfops:as-login (the functions belong to whoever created the extension)
-- TimescaleDB opens its functions to every role, and some of them do not ask whose table they work on:
-- drop_chunk and freeze_chunk take any chunk by its number, merge_chunks and add_policies end the server
-- when they are given something else. Whoever may run SQL at all, read-only too, could drop every
-- tenant's rows. So all are closed to everybody but the owner, except those that queries call, and
-- continuous aggregates whenever they are read. An update of the extension may open some again.
--
-- What was open is written down, so that the way down opens that again and nothing else: an
-- administrator may have closed some before.
create table shelfops.closed_routines (
    routine text primary key,
    was_public boolean not null,
    was_owners boolean not null
);
alter table shelfops.closed_routines owner to shelfops_owner;
comment on table shelfops.closed_routines is 'Functions of TimescaleDB that a migration closed, and to whom.';

-- Names are written with their schemas, wherever they are read.
set local search_path = pg_catalog;

do $$
declare
    -- None where the extension is there for others and our time series are native.
    is_used constant boolean :=
        coalesce(current_setting('shelfops.requested_engine', true) like 'timescale%', false);
    open_names constant text[] := array[
        'time_bucket', 'time_bucket_gapfill', 'locf', 'interpolate', 'first', 'last', 'histogram',
        'cagg_watermark', 'to_timestamp'];
    closed record;
begin
    insert into shelfops.closed_routines (routine, was_public, was_owners)
    select pg_proc.oid::regprocedure::text,
        has_function_privilege('public', pg_proc.oid, 'execute'),
        exists (
            select from aclexplode(proacl) as granted
            where granted.grantee = 'shelfops_owner'::regrole
        )
    from pg_extension
    join pg_depend
        on refclassid = 'pg_extension'::regclass
        and refobjid = pg_extension.oid
        and classid = 'pg_proc'::regclass
    join pg_proc on pg_proc.oid = objid
    where is_used and extname = 'timescaledb' and proname <> all (open_names);

    for closed in select routine from shelfops.closed_routines loop
        execute format('revoke execute on routine %s from public', closed.routine);
        execute format('grant execute on routine %s to shelfops_owner', closed.routine);
    end loop;
    -- A login that does not own the extension gets a warning above, not an error.
    if is_used and has_function_privilege(
        'shelfops_readonly', '_timescaledb_functions.drop_chunk(regclass)', 'execute')
    then
        raise insufficient_privilege using
            message = 'TimescaleDB lets every role drop chunks, and this login may not change that',
            hint = 'Migrate as the login that created the extension, or use the engine native.';
    end if;
end
$$;

reset search_path;
