-- shelfops:as-login (the functions belong to whoever created the extension)
do $$
declare
    schema_name text;
begin
    for schema_name in
        select nspname from pg_namespace
        where nspname in ('_timescaledb_functions', '_timescaledb_internal', '_timescaledb_debug',
                'timescaledb_experimental')
            and not has_function_privilege('public',
                to_regprocedure('_timescaledb_functions.drop_chunk(regclass)')::oid, 'execute')
    loop
        execute format('revoke execute on all routines in schema %I'
            ' from shelfops_owner, shelfops_app, shelfops_readonly', schema_name);
        execute format('grant execute on all routines in schema %I to public', schema_name);
    end loop;
end
$$;
