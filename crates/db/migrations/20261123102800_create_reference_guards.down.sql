do $$
declare
    series text;
begin
    foreach series in array array['transactions', 'inventory_levels'] loop
        execute format('drop trigger check_references_of_insert on %s',
            shelfops.timeseries_storage(series));
        execute format('drop trigger check_references_of_update on %s',
            shelfops.timeseries_storage(series));
    end loop;
end
$$;
drop trigger keep_all on public.products;
drop trigger keep_all on public.stores;
drop trigger keep_key on public.products;
drop trigger keep_key on public.stores;
drop trigger keep_referenced on public.products;
drop trigger keep_referenced on public.stores;
drop function shelfops.refuse_change();
drop function shelfops.keep_referenced();
drop function shelfops.check_references();
drop function shelfops.refuse_missing(text, text, uuid);
drop function shelfops.reference_check(text, text, text);
