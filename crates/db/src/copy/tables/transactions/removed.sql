-- Finds the lines that a staged order no longer has. An order counts only where all of its lines are
-- staged in one version: of one that lacks a line, because that was refused or is in another batch,
-- nothing can be told.
with orders as materialized (
    select occurred_at, external_order_id, store_id, source_updated_at
    from staged_transactions
    where occurred_at >= $3
        and occurred_at < $4
        and (utc_day = any ($5) and business_day = any ($5)) = $6
        and order_lines is not null
        and external_order_id is not null
        and source_updated_at is not null
    group by occurred_at, external_order_id, store_id, source_updated_at
    having count(*) = min(order_lines)
)
select known.occurred_at, known.external_id, orders.source_updated_at
from orders
cross join lateral (
    select *
    from transactions
    where customer_id = (select $1::uuid)
        and source = $2
        and occurred_at = orders.occurred_at
        -- An order is one store's. Compressed rows are sorted by it: others' need not be unpacked.
        and store_id = orders.store_id
        and external_order_id = orders.external_order_id
        -- A refund may name the order that it is of, and is no line of it: lines are called order/line.
        and starts_with(external_id, orders.external_order_id || '/')
        -- All that the order still has is of its version by now.
        and source_updated_at < orders.source_updated_at
        and transaction_type <> 'void'
        and occurred_at >= $3
        and occurred_at < $4
    offset 0
) as known
