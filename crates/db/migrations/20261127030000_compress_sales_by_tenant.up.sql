-- Compressed sales were segmented by tenant and store. A segment is packed by a thousand rows, and a small
-- store does not sell so much in a week: packs were four fifths empty, and took twice the room. Now a
-- tenant's week is one segment, sorted by store and time: the packs are full, and each tells the least
-- and greatest store and time in it, so that one store's rows are still found without unpacking others.
-- Chunks that are compressed already stay as they are.
update shelfops.timeseries_tables
set segment_by = array['customer_id'], order_by = 'store_id, occurred_at'
where table_name = 'transactions';

do $$
begin
    if shelfops.timeseries_engine() = 'timescale' then
        execute 'alter table timeseries.transactions set (timescaledb.compress,'
            ' timescaledb.compress_segmentby = ''customer_id'','
            ' timescaledb.compress_orderby = ''store_id, occurred_at'')';
    end if;
end
$$;
