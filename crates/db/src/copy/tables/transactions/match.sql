-- Finds the staged rows that the table has, and how the two compare.
insert into matched_transactions
    (row_number, known_at, is_newer, is_same, is_older, is_moved)
select distinct on (staged.row_number)
    staged.row_number,
    known.occurred_at,
    known.occurred_at = staged.occurred_at
        and coalesce(
            staged.source_updated_at > known.source_updated_at,
            staged.source_updated_at is not null and known.source_updated_at is null),
    known.occurred_at = staged.occurred_at
        and (staged.store_id, staged.product_id, staged.quantity, staged.unit_price,
            staged.discount_amount, staged.tax_amount, staged.total_amount, staged.currency,
            staged.transaction_type, staged.external_order_id)
        is not distinct from
        (known.store_id, known.product_id, known.quantity, known.unit_price,
            known.discount_amount, known.tax_amount, known.total_amount, known.currency,
            known.transaction_type, known.external_order_id),
    known.occurred_at = staged.occurred_at
        and coalesce(
            staged.source_updated_at < known.source_updated_at,
            staged.source_updated_at is null and known.source_updated_at is not null),
    known.occurred_at <> staged.occurred_at
from staged_transactions as staged
join transactions as known
    on known.customer_id = $1
    and known.source = $2
    and known.external_id = staged.external_id
    and (
        known.occurred_at = staged.occurred_at
        -- The same line, read by another clock: clocks differ by whole quarters of an hour. An id
        -- that is used again for another sale differs in something else, or in its minutes.
        or (
            known.occurred_at between staged.occurred_at - interval '26 hours'
                and staged.occurred_at + interval '26 hours'
            and extract(epoch from known.occurred_at - staged.occurred_at) % 900 = 0
            and known.store_id = staged.store_id
            and known.product_id = staged.product_id
            and known.transaction_type = staged.transaction_type
            and known.quantity = staged.quantity
            and known.total_amount = staged.total_amount
            and known.currency = staged.currency
        )
    )
where staged.occurred_at >= $3
    and staged.occurred_at < $4
    -- The time is said again for the table, so that other partitions are not even looked at.
    and known.occurred_at >= $3 - interval '26 hours'
    and known.occurred_at < $4 + interval '26 hours'
    and (staged.utc_day = any ($5) and staged.business_day = any ($5)) = $6
order by staged.row_number, known.occurred_at <> staged.occurred_at
