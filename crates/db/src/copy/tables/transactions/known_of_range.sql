-- All that is known of the time is read once. The planner must not see which tenant, here and in the
-- statements after this one: of one that its statistics lack it expects a row or two, and compared each
-- staged row with each known one.
join transactions as known
    on known.customer_id = (select $1::uuid)
    and known.source = $2
    and known.occurred_at = staged.occurred_at
    and known.external_id = staged.external_id
    -- The time is said again for the table, so that other partitions are not even looked at.
    and known.occurred_at >= $3
    and known.occurred_at < $4
