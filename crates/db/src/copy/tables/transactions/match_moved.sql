-- Finds the staged rows that the table does not have under their key, but at another time.
insert into matched_transactions
    (row_number, known_at, is_newer, is_same, is_older, is_moved)
select distinct on (staged.row_number)
    staged.row_number, known.occurred_at, false, false, false, true
from staged_transactions as staged
join transactions as known
    on known.customer_id = (select $1::uuid)
    and known.source = $2
    and known.external_id = staged.external_id
    and known.store_id = staged.store_id
    and known.product_id = staged.product_id
    and known.transaction_type = staged.transaction_type
    and known.quantity = staged.quantity
    and known.total_amount = staged.total_amount
    and known.currency = staged.currency
where staged.occurred_at >= $3
    and staged.occurred_at < $4
    and known.occurred_at >= $3 - interval '26 hours'
    and known.occurred_at < $4 + interval '26 hours'
    and known.occurred_at between staged.occurred_at - interval '26 hours'
        and staged.occurred_at + interval '26 hours'
    and extract(epoch from known.occurred_at - staged.occurred_at) % 900 = 0
    and (staged.utc_day = any ($5) and staged.business_day = any ($5)) = $6
    and not exists (
        select from matched_transactions as matched
        where matched.row_number = staged.row_number
    )
order by staged.row_number, known.occurred_at
