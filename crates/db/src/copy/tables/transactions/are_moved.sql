-- Whether any of a few staged rows is there at another time: what a file comes to that is read again by
-- another clock. Clocks differ by whole quarters of an hour, at most by 26 hours. An id that is used
-- again for another sale differs in something else, or in its minutes.
select exists (
    select
    from (
        select *
        from staged_transactions
        where occurred_at >= $3
            and occurred_at < $4
            and row_number % (select max(row_number) / 32 + 1 from staged_transactions) = 0
            and (utc_day = any ($5) and business_day = any ($5)) = $6
    ) as staged
    cross join generate_series(-104, 104) as quarters
    join transactions as known
        on known.customer_id = $1
        and known.source = $2
        and known.occurred_at = staged.occurred_at + quarters * interval '15 minutes'
        and known.external_id = staged.external_id
        and known.store_id = staged.store_id
        and known.product_id = staged.product_id
        and known.transaction_type = staged.transaction_type
        and known.quantity = staged.quantity
        and known.total_amount = staged.total_amount
        and known.currency = staged.currency
    where quarters <> 0
        and known.occurred_at >= $3 - interval '26 hours'
        and known.occurred_at < $4 + interval '26 hours'
)
