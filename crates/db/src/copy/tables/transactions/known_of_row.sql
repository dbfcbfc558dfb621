-- Each row is looked up by its key. Left to itself, the planner may turn that round: of a partition that
-- nobody has analysed yet it expects one row, and read all staged rows for each of ten thousand.
cross join lateral (
    select *
    from transactions
    where customer_id = (select $1::uuid)
        and occurred_at = staged.occurred_at
        and external_id = staged.external_id
        and source = $2
        and occurred_at >= $3
        and occurred_at < $4
    offset 0
) as known
