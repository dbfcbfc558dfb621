-- Whether any of a few staged rows is there at another time: what a file comes to that is read again by
-- another clock. Clocks differ by whole quarters of an hour, at most by 26 hours. An id that is used
-- again for another sale differs in something else, or in its minutes.
--
-- The times are worked out before they meet the table: adding to a time is not leakproof, so within the
-- join it would come after the tenant's policy, and every look-up would read the whole range instead.
with moments as materialized (
    select *, occurred_at + quarters * interval '15 minutes' as moment
    from staged_transactions
    cross join generate_series(-104, 104) as quarters
    where occurred_at >= $3
        and occurred_at < $4
        and row_number % (select max(row_number) / 32 + 1 from staged_transactions) = 0
        and (utc_day = any ($5) and business_day = any ($5)) = $6
        and quarters <> 0
)
select exists (
    select
    from moments as staged
    -- Looked up by the key alone: while the planner knows nothing of the table, an index by store or
    -- product seems as good to it, and would be read for most of the tenant's rows.
    cross join lateral (
        select *
        from transactions
        where customer_id = $1
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
