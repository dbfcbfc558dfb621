-- expect: grant-to-public
do $$
declare
    name text;
begin
    for name in select tablename from pg_tables where schemaname = 'public' loop
        execute 'grant select on ' || quote_ident(name) || ' to public';
    end loop;
end
$$;
