-- Whether any of a few staged rows is there at another time: what a file comes to that is read again by
-- another clock. Clocks differ by whole quarters of an hour, at most by 26 hours. An id that is used
-- again for another sale differs in something else, or in its minutes. The first and the last row are
-- always among the few: of a sorted file that overlaps with another, they are what is there already.
--
-- The times are worked out before they meet the table: adding to a time is not leakproof, so within the
-- join it would come after the tenant's policy, and every look-up would read the whole range instead.
with bounds as materialized (
    select min(row_number) as first, max(row_number) as last
    from staged_transactions
    where occurred_at >= $3
        and occurred_at < $4
        and (utc_day = any ($5) and business_day = any ($5)) = $6
), moments as materialized (
    select staged.*, staged.occurred_at + quarters * interval '15 minutes' as moment
    from staged_transactions as staged
    cross join bounds
    cross join generate_series(-104, 104) as quarters
    where staged.occurred_at >= $3
        and staged.occurred_at < $4
        and (staged.utc_day = any ($5) and staged.business_day = any ($5)) = $6
        and (staged.row_number in (bounds.first, bounds.last)
            or (staged.row_number - bounds.first) % ((bounds.last - bounds.first) / 8 + 1) = 0)
        and quarters <> 0
)
select exists (
    select
    from moments as staged
    cross join lateral (
        select *
        from transactions
        -- The planner must not see which tenant: of one that its statistics lack it expects a single
        -- row, takes every index for equally good, and read all of the tenant's rows for each of these.
        where customer_id = (select $1::uuid)
            and occurred_at = staged.moment
            and external_id = staged.external_id
            and source = $2
            and occurred_at >= $3 - interval '26 hours'
            and occurred_at < $4 + interval '26 hours'
        offset 0
    ) as known
    where known.store_id = staged.store_id
        and known.product_id = staged.product_id
        and known.transaction_type = staged.transaction_type
        and known.quantity = staged.quantity
        and known.total_amount = staged.total_amount
        and known.currency = staged.currency
)
