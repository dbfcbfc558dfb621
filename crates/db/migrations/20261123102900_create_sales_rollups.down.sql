do $$
declare
    storage regclass := shelfops.timeseries_storage('transactions');
begin
    if shelfops.timeseries_engine() = 'timescale' then
        drop view public.hourly_sales;
        drop view public.daily_sales;
        drop materialized view timeseries.hourly_sales;
        drop materialized view timeseries.daily_sales;
        return;
    end if;
    execute format('drop trigger roll_up_sales_of_delete on %s', storage);
    execute format('drop trigger roll_up_sales_of_update on %s', storage);
    execute format('drop trigger roll_up_sales_of_insert on %s', storage);
    drop table public.hourly_sales;
    drop table public.daily_sales;
end
$$;
drop function shelfops.timescale_schema();
drop function shelfops.create_sales_aggregate(text, text, text, interval, interval);
drop function shelfops.create_sales_rollup_table(text, text, text);
drop function shelfops.roll_up_sales();
drop function shelfops.sales_rollup_rest(text, text);
drop function shelfops.sales_rollup_change(text, integer);
drop function shelfops.sales_rollup_addition(text, text);
drop function shelfops.sales_rollup_sums();
