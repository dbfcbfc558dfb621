update shelfops.timeseries_tables
set segment_by = array['customer_id', 'store_id'], order_by = 'occurred_at desc'
where table_name = 'transactions';

do $$
begin
    if shelfops.timeseries_engine() = 'timescale' then
        execute 'alter table timeseries.transactions set (timescaledb.compress,'
            ' timescaledb.compress_segmentby = ''customer_id,store_id'','
            ' timescaledb.compress_orderby = ''occurred_at desc'')';
    end if;
end
$$;
