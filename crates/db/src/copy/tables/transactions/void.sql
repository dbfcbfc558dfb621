-- Makes voids of lines that are told no more.
update transactions as known
set transaction_type = 'void', source_updated_at = removed.source_updated_at
from unnest($5::timestamptz[], $6::text[], $7::timestamptz[])
    as removed (occurred_at, external_id, source_updated_at)
where known.customer_id = (select $1::uuid)
    and known.source = $2
    and known.occurred_at = removed.occurred_at
    and known.external_id = removed.external_id
    and known.occurred_at >= $3
    and known.occurred_at < $4
