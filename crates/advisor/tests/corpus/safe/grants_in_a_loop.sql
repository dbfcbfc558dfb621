-- expect: nothing
do $$
declare
    name text;
begin
    foreach name in array array['orders', 'products'] loop
        execute format('grant select on %I to reporting', name);
    end loop;
end
$$;
