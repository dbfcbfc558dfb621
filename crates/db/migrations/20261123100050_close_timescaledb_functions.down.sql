-- shelfops:as-login (the functions belong to whoever created the extension)
do $$
declare
    routine regprocedure;
begin
    for routine in
        select pg_proc.oid
        from pg_extension
        join pg_depend
            on refclassid = 'pg_extension'::regclass
            and refobjid = pg_extension.oid
            and classid = 'pg_proc'::regclass
        join pg_proc on pg_proc.oid = objid
        where extname = 'timescaledb' and not has_function_privilege('public', pg_proc.oid, 'execute')
    loop
        execute format('revoke execute on routine %s from shelfops_owner', routine);
        execute format('grant execute on routine %s to public', routine);
    end loop;
end
$$;
