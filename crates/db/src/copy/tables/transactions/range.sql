-- From when to when the staged rows are, and whether the tenant has at most four rows for each of them
-- in that time, and whether they may be looked up one by one.
with staged as (
    select min(occurred_at) as first, max(occurred_at) as last, count(*) as row_count
    from staged_transactions
    where occurred_at >= $2
        and occurred_at < $3
        and (utc_day = any ($4) and business_day = any ($4)) = $5
)
select min(staged.first), max(staged.last), count(*) <= 4 * max(staged.row_count),
    -- Where rows may be compressed, a look-up of each would unpack the same ones again and again.
    shelfops.timeseries_engine() <> 'timescale'
from staged
left join lateral (
    select
    from transactions as known
    where known.customer_id = $1
        and known.occurred_at >= staged.first
        and known.occurred_at <= staged.last
        and known.occurred_at >= $2
        and known.occurred_at < $3
    limit 4 * staged.row_count + 2
) as known on true
