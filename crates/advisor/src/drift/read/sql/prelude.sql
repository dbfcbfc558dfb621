-- What is looked at: schemas that are somebody's, and in them what no extension owns. Partitions and
-- chunks are data; $2 names the chunks.
with visible_schema as (
    select n.oid, n.nspname, n.nspowner, n.nspacl
    from pg_namespace as n
    where n.nspname !~ '^(pg_|_timescaledb)'
        and n.nspname <> 'information_schema'
        and n.nspname <> all ($1::text[])
        and not exists (
            select from pg_depend as d
            where d.classid = 'pg_namespace'::regclass and d.objid = n.oid and d.deptype = 'e'
        )
),
visible as (
    select c.*, quote_ident(s.nspname) as in_schema, quote_ident(c.relname) as called
    from pg_class as c
    join visible_schema as s on s.oid = c.relnamespace
    where not c.relispartition
        and c.oid <> all ($2::oid[])
        and not exists (
            select from pg_depend as d
            where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'
        )
)
