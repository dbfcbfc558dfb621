do $$
declare
    storage regclass := shelfops.timeseries_storage('inventory_levels');
begin
    execute format('drop trigger forget_inventory_level on %s', storage);
    execute format('drop trigger keep_latest_inventory_of_update on %s', storage);
    execute format('drop trigger keep_latest_inventory_of_insert on %s', storage);
end
$$;
drop function shelfops.forget_inventory_level();
drop function shelfops.keep_latest_inventory();
drop function shelfops.newest_levels_change(text);
drop table latest_inventory;
