-- Inserts the staged rows that the table does not have.
insert into transactions
    (customer_id, transaction_id, store_id, product_id, occurred_at, business_date,
     source_updated_at, quantity, unit_price, discount_amount, tax_amount, total_amount, currency,
     transaction_type, source, external_id, external_order_id)
select $1, staged.transaction_id, staged.store_id, staged.product_id, staged.occurred_at,
    date '2000-01-01' + staged.business_day, staged.source_updated_at, staged.quantity,
    staged.unit_price, staged.discount_amount, staged.tax_amount, staged.total_amount,
    staged.currency, staged.transaction_type, $2, staged.external_id, staged.external_order_id
from staged_transactions as staged
where staged.occurred_at >= $3
    and staged.occurred_at < $4
    and (staged.utc_day = any ($5) and staged.business_day = any ($5)) = $6
    and not exists (
        select from matched_transactions as matched
        where matched.row_number = staged.row_number
    )
order by staged.occurred_at
