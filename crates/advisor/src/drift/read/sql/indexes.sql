select 'pg_class'::regclass::oid, i.indexrelid, 0, c.in_schema, c.called, quote_ident(x.relname),
    jsonb_strip_nulls(jsonb_build_object(
        'definition', regexp_replace(pg_get_indexdef(i.indexrelid), ' ON ONLY ', ' ON '),
        -- That of a partitioned table is valid when those of all partitions are.
        'valid', case when not i.indisvalid and c.relkind <> 'p' then 'invalid' end,
        'replica identity', case when i.indisreplident then 'used' end,
        'clustered', case when i.indisclustered then 'used' end,
        'comment', obj_description(i.indexrelid, 'pg_class'))),
    null::text
from visible as c
join pg_index as i on i.indrelid = c.oid
join pg_class as x on x.oid = i.indexrelid
where not exists (
    select from pg_constraint as k where k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x')
)
