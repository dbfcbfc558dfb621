-- Replaces older versions.
update transactions as known
set store_id = staged.store_id,
    product_id = staged.product_id,
    business_date = date '2000-01-01' + staged.business_day,
    source_updated_at = staged.source_updated_at,
    quantity = staged.quantity,
    unit_price = staged.unit_price,
    discount_amount = staged.discount_amount,
    tax_amount = staged.tax_amount,
    total_amount = staged.total_amount,
    currency = staged.currency,
    transaction_type = staged.transaction_type,
    external_order_id = staged.external_order_id
from staged_transactions as staged
join matched_transactions as matched using (row_number)
where matched.is_newer
    and known.customer_id = (select $1::uuid)
    and known.source = $2
    and known.occurred_at = staged.occurred_at
    and known.external_id = staged.external_id
    and known.occurred_at >= $3
    and known.occurred_at < $4
    and (staged.utc_day = any ($5) and staged.business_day = any ($5)) = $6
