-- Finds the lines that their source takes back: one by its id, or all of an order, whose lines are called
-- order/line. A store that nobody knows has none.
with withdrawn as materialized (
    select told.external_id, told.occurred_at, told.updated_at, store.store_id
    from unnest($5::text[], $6::text[], $7::timestamptz[], $8::timestamptz[])
        as told (external_id, store, occurred_at, updated_at)
    join external_ids as store
        on store.customer_id = (select $1::uuid)
        and store.source = $2
        and store.entity = 'store'
        and store.external_id = told.store
)
-- Of two that take back the same, the later one.
select distinct on (known.occurred_at, known.external_id)
    known.occurred_at, known.external_id, withdrawn.updated_at
from withdrawn
cross join lateral (
    select *
    from transactions
    where customer_id = (select $1::uuid)
        and source = $2
        and occurred_at = withdrawn.occurred_at
        -- Compressed rows are sorted by their store: others' need not be unpacked.
        and store_id = withdrawn.store_id
        and (external_id = withdrawn.external_id
            or starts_with(external_id, withdrawn.external_id || '/'))
        and coalesce(source_updated_at < withdrawn.updated_at, true)
        and transaction_type <> 'void'
        and occurred_at >= $3
        and occurred_at < $4
    offset 0
) as known
order by known.occurred_at, known.external_id, withdrawn.updated_at desc
