-- What is on the shelf now, without reading history. Kept by each statement on inventory_levels; stays
-- when old chunks are dropped.
create table latest_inventory (
    customer_id uuid not null references customers,
    store_id uuid not null,
    product_id uuid not null,
    counted_at timestamptz not null,
    quantity_on_hand numeric(19, 4) not null,
    quantity_reserved numeric(19, 4) not null,
    quantity_on_order numeric(19, 4) not null,
    source text not null,
    primary key (customer_id, store_id, product_id),
    foreign key (customer_id, store_id) references stores on delete cascade,
    foreign key (customer_id, product_id) references products on delete cascade
);
comment on table latest_inventory is
    'The newest count per store and product; kept by each statement on inventory_levels.';

-- Behind the reference to products: one product's stock over all stores.
create index latest_inventory_product on latest_inventory (customer_id, product_id);
-- Stock-outs are few and asked for often.
create index latest_inventory_out_of_stock on latest_inventory (customer_id, store_id)
    where quantity_on_hand <= 0;

select shelfops.protect_tenant_table('latest_inventory', 'select');

create function shelfops.newest_levels_change(rows_name text) returns text
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
    select format(
        'insert into public.latest_inventory as latest'
        ' (customer_id, store_id, product_id, counted_at, quantity_on_hand, quantity_reserved,'
        '  quantity_on_order, source)'
        ' select distinct on (customer_id, store_id, product_id)'
        '  customer_id, store_id, product_id, counted_at, quantity_on_hand, quantity_reserved,'
        '  quantity_on_order, source'
        ' from %s'
        -- Two sources may count at the same moment: one answer, always the same.
        ' order by customer_id, store_id, product_id, counted_at desc, source'
        ' on conflict (customer_id, store_id, product_id) do update set'
        '  counted_at = excluded.counted_at,'
        '  quantity_on_hand = excluded.quantity_on_hand,'
        '  quantity_reserved = excluded.quantity_reserved,'
        '  quantity_on_order = excluded.quantity_on_order,'
        '  source = excluded.source'
        ' where (excluded.counted_at, latest.source) >= (latest.counted_at, excluded.source)',
        rows_name)
$$;

create function shelfops.keep_latest_inventory() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    execute shelfops.newest_levels_change('new_rows');
    return null;
end
$$;

-- A correction that removes a count is rare, and compressed hypertables refuse DELETE triggers with
-- transition tables: so row by row, and only what was the newest is looked up again.
create function shelfops.forget_inventory_level() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    delete from public.latest_inventory
    where customer_id = old.customer_id
        and store_id = old.store_id
        and product_id = old.product_id
        and counted_at = old.counted_at
        and source = old.source;
    if found then
        execute shelfops.newest_levels_change(format(
            '(select * from public.inventory_levels where customer_id = %L and store_id = %L'
            ' and product_id = %L) as remaining', old.customer_id, old.store_id, old.product_id));
    end if;
    return null;
end
$$;

do $$
declare
    storage regclass := shelfops.timeseries_storage('inventory_levels');
begin
    execute format(
        'create trigger keep_latest_inventory_of_insert after insert on %s'
        ' referencing new table as new_rows'
        ' for each statement execute function shelfops.keep_latest_inventory()', storage);
    -- Only quantities of a count are ever corrected: its key stays.
    execute format(
        'create trigger keep_latest_inventory_of_update after update on %s'
        ' referencing new table as new_rows'
        ' for each statement execute function shelfops.keep_latest_inventory()', storage);
    execute format(
        'create trigger forget_inventory_level after delete on %s'
        ' for each row execute function shelfops.forget_inventory_level()', storage);
end
$$;
