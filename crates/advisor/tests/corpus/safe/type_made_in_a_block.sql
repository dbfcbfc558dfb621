-- expect: nothing
do $$
begin
    if not exists (select from pg_type where typname = 'pace') then
        execute 'create type pace as enum (''slow'', ''fast'')';
    end if;
end
$$;
