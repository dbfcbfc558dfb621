-- The staged rows that say something else than the table, without being newer or older.
select staged.row_number, matched.is_moved, known.occurred_at, staged.occurred_at,
    trim_scale(known.quantity)::text, trim_scale(known.total_amount)::text,
    trim_scale(staged.quantity)::text, trim_scale(staged.total_amount)::text
from staged_transactions as staged
join matched_transactions as matched using (row_number)
join transactions as known
    on known.customer_id = (select $1::uuid)
    and known.occurred_at = matched.known_at
    and known.external_id = staged.external_id
    and known.source = $2
where not matched.is_newer
    and not matched.is_same
    and not matched.is_older
    and staged.occurred_at >= $3
    and staged.occurred_at < $4
    and known.occurred_at >= $3 - interval '26 hours'
    and known.occurred_at < $4 + interval '26 hours'
    and (staged.utc_day = any ($5) and staged.business_day = any ($5)) = $6
order by staged.row_number
