-- Finds the lines that came out of quarantine in an older version than their order is known in: the order was
-- told anew while they waited, and they are no line of it any more, or wait in its version.
select known.occurred_at, known.external_id, known.source_updated_at
from staged_transactions as staged
join transactions as known
    on known.customer_id = (select $1::uuid)
    and known.source = $2
    and known.occurred_at = staged.occurred_at
    and known.external_id = staged.external_id
    -- What was newer than this one already is not what was staged.
    and known.source_updated_at = staged.source_updated_at
    and known.transaction_type <> 'void'
    and known.occurred_at >= $3
    and known.occurred_at < $4
where staged.occurred_at >= $3
    and staged.occurred_at < $4
    and (staged.utc_day = any ($5) and staged.business_day = any ($5)) = $6
    and starts_with(staged.external_id, staged.external_order_id || '/')
    and exists (
        select from transactions as other
        where other.customer_id = (select $1::uuid)
            and other.source = $2
            and other.occurred_at = staged.occurred_at
            -- An order is one store's. Compressed rows are sorted by it: others' need not be unpacked.
            and other.store_id = staged.store_id
            and other.external_order_id = staged.external_order_id
            and starts_with(other.external_id, staged.external_order_id || '/')
            and other.source_updated_at > staged.source_updated_at
            and other.occurred_at >= $3
            and other.occurred_at < $4
    )
