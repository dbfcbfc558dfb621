-- shelfops:as-login (the functions belong to whoever created the extension)
-- TimescaleDB opens its inner functions to every role, and some of them do not ask whose table they
-- work on: drop_chunk and freeze_chunk take any chunk by its number, add_policies ends the server
-- when it is given one. Whoever may run SQL at all, read-only too, could drop every tenant's rows.
-- So they are closed to all but the owner; two stay open, which continuous aggregates call whenever
-- they are read. An update of the extension may open some again: `shelfops doctor` looks.
do $$
declare
    -- None where the extension is there for others and our time series are native.
    is_used constant boolean :=
        coalesce(current_setting('shelfops.requested_engine', true) like 'timescale%', false);
    schema_name text;
    needed text;
begin
    for schema_name in
        select nspname from pg_namespace
        where is_used and nspname in ('_timescaledb_functions', '_timescaledb_internal',
            '_timescaledb_debug', 'timescaledb_experimental')
    loop
        execute format('revoke execute on all routines in schema %I from public', schema_name);
        execute format('grant execute on all routines in schema %I to shelfops_owner', schema_name);
    end loop;
    foreach needed in array array['cagg_watermark(integer)', 'to_timestamp(bigint)'] loop
        continue when not is_used;
        execute format('grant execute on function _timescaledb_functions.%s'
            ' to shelfops_app, shelfops_readonly', needed);
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
