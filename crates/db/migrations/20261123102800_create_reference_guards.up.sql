-- References from time series to stores and products, checked once a statement instead of once a row.
--
-- What a declared foreign key does, piece by piece: whoever inserts holds the distinct parents with
-- FOR KEY SHARE, so none can vanish before the commit; whoever deletes a parent waits for those locks
-- and then looks for children with a fresh snapshot. Keys of parents never change, and parents cannot
-- be truncated. Unlike a foreign key's own check, this one sees through row security only the
-- tenant's parents: another tenant's store does not exist.
--
-- Returns the statement that holds the parents of rows_name and answers a key that has none. A
-- statement, not a function that runs it: transition tables are visible to the trigger itself only.
create function shelfops.reference_check(rows_name text, parent text, key_column text) returns text
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
    select format(
        'with named as ('
        '    select distinct customer_id, %2$I from %1$s'
        '), held as ('
        '    select parent.customer_id, parent.%2$I'
        '    from public.%3$I as parent'
        '    join named on named.customer_id = parent.customer_id and named.%2$I = parent.%2$I'
        '    for key share of parent'
        ')'
        -- Counted first, and EXCEPT rather than a join: a join of the two was planned as a nested
        -- loop over all pairs, a second for 5,000 products.
        ' select case when (select count(*) from named) > (select count(*) from held) then ('
        '    select %2$I from (select %2$I from named except select %2$I from held) as missing limit 1'
        ' ) end',
        rows_name, key_column, parent)
$$;
grant execute on function shelfops.reference_check(text, text, text) to shelfops_app;

create function shelfops.refuse_missing(parent text, key_column text, missing uuid) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if missing is not null then
        raise foreign_key_violation using
            message = format('%s %s does not exist', key_column, missing),
            table = parent,
            column = key_column;
    end if;
end
$$;
grant execute on function shelfops.refuse_missing(text, text, uuid) to shelfops_app;

create function shelfops.check_references() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    missing uuid;
begin
    execute shelfops.reference_check('new_rows', 'stores', 'store_id') into missing;
    perform shelfops.refuse_missing('stores', 'store_id', missing);
    execute shelfops.reference_check('new_rows', 'products', 'product_id') into missing;
    perform shelfops.refuse_missing('products', 'product_id', missing);
    return null;
end
$$;

-- Runs as the owner and looks at each tenant in turn: rows the deleting role cannot see count too.
create function shelfops.keep_referenced() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    told text := current_setting('app.current_customer_id', true);
    proof text := current_setting('app.tenant_proof', true);
    key_column text := tg_argv[0];
    tenant uuid;
    child text;
    used uuid;
begin
    -- A snapshot from before the wait would miss a row that was committed during it.
    if current_setting('transaction_isolation') <> 'read committed' then
        raise feature_not_supported using
            message = format('rows of %s are deleted under READ COMMITTED only', tg_table_name);
    end if;
    for tenant in select distinct customer_id from old_rows loop
        perform shelfops.enter_tenant(tenant);
        foreach child in array array['transactions', 'inventory_levels', 'daily_sales'] loop
            continue when child = 'daily_sales' and key_column <> 'store_id';
            execute format(
                'select parent.%1$I from old_rows as parent where parent.customer_id = $1'
                ' and exists (select from public.%2$I as child'
                '   where child.customer_id = $1 and child.%1$I = parent.%1$I) limit 1',
                key_column, child)
            into used using tenant;
            if used is not null then
                raise foreign_key_violation using
                    message = format('%s %s is still referenced from %s', key_column, used, child),
                    table = child,
                    column = key_column;
            end if;
        end loop;
    end loop;
    perform set_config('app.current_customer_id', coalesce(told, ''), true);
    perform set_config('app.tenant_proof', coalesce(proof, ''), true);
    return null;
end
$$;

create function shelfops.refuse_change() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    raise foreign_key_violation using
        message = format('%s of %s is refused: time series refer to its keys', tg_op, tg_table_name);
end
$$;

create trigger keep_referenced after delete on public.stores
referencing old table as old_rows
for each statement execute function shelfops.keep_referenced('store_id');
create trigger keep_referenced after delete on public.products
referencing old table as old_rows
for each statement execute function shelfops.keep_referenced('product_id');

create trigger keep_key before update on public.stores
for each row when (
    old.store_id is distinct from new.store_id or old.customer_id is distinct from new.customer_id)
execute function shelfops.refuse_change();
create trigger keep_key before update on public.products
for each row when (
    old.product_id is distinct from new.product_id or old.customer_id is distinct from new.customer_id)
execute function shelfops.refuse_change();

create trigger keep_all before truncate on public.stores
for each statement execute function shelfops.refuse_change();
create trigger keep_all before truncate on public.products
for each statement execute function shelfops.refuse_change();

do $$
declare
    series text;
begin
    foreach series in array array['transactions', 'inventory_levels'] loop
        execute format(
            'create trigger check_references_of_insert after insert on %s'
            ' referencing new table as new_rows'
            ' for each statement execute function shelfops.check_references()',
            shelfops.timeseries_storage(series));
        execute format(
            'create trigger check_references_of_update after update on %s'
            ' referencing new table as new_rows'
            ' for each statement execute function shelfops.check_references()',
            shelfops.timeseries_storage(series));
    end loop;
end
$$;
