-- Finds the staged rows that the table has under their key, and how the two compare.
insert into matched_transactions
    (row_number, known_at, is_newer, is_same, is_older, is_moved)
select
    staged.row_number,
    known.occurred_at,
    coalesce(
        staged.source_updated_at > known.source_updated_at,
        staged.source_updated_at is not null and known.source_updated_at is null),
    (staged.store_id, staged.product_id, staged.quantity, staged.unit_price,
        staged.discount_amount, staged.tax_amount, staged.total_amount, staged.currency,
        staged.transaction_type, staged.external_order_id)
    is not distinct from
    (known.store_id, known.product_id, known.quantity, known.unit_price,
        known.discount_amount, known.tax_amount, known.total_amount, known.currency,
        known.transaction_type, known.external_order_id),
    coalesce(
        staged.source_updated_at < known.source_updated_at,
        staged.source_updated_at is null and known.source_updated_at is not null),
    false
from staged_transactions as staged
{known}
where staged.occurred_at >= $3
    and staged.occurred_at < $4
    and (staged.utc_day = any ($5) and staged.business_day = any ($5)) = $6
