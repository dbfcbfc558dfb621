-- expect: isolation-removed
do $$
declare
    name text;
begin
    for name in select tablename from pg_tables where schemaname = 'public' loop
        execute format('alter table %I disable row level security', name);
    end loop;
end
$$;
