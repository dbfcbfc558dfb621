select 'pg_class'::regclass::oid, c.oid, 0, c.in_schema, null::text, c.called,
    jsonb_strip_nulls(jsonb_build_object(
        'type', format_type(q.seqtypid, null),
        'start', q.seqstart::text,
        'increment', q.seqincrement::text,
        'minimum', q.seqmin::text,
        'maximum', q.seqmax::text,
        'cache', q.seqcache::text,
        'cycle', case when q.seqcycle then 'cycle' end,
        'owned by', (
            select format('%s.%I', o.refobjid::regclass, a.attname)
            from pg_depend as o
            join pg_attribute as a on a.attrelid = o.refobjid and a.attnum = o.refobjsubid
            where o.classid = 'pg_class'::regclass and o.objid = c.oid
                and o.refclassid = 'pg_class'::regclass and o.deptype = 'a'),
        'persistence', case c.relpersistence when 'u' then 'unlogged' end,
        'owner', quote_ident(pg_get_userbyid(c.relowner)),
        'comment', obj_description(c.oid, 'pg_class'))),
    null::text
from visible as c
join pg_sequence as q on q.seqrelid = c.oid
where not exists (
    select from pg_depend as d
    where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'i'
)
