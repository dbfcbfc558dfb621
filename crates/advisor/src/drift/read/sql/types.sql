select 'pg_type'::regclass::oid, t.oid, 0, quote_ident(s.nspname), null::text, quote_ident(t.typname),
    jsonb_strip_nulls(jsonb_build_object(
        'kind', case t.typtype when 'e' then 'enum' when 'd' then 'domain' when 'c' then 'composite'
            when 'r' then 'range' end,
        'labels', (
            select string_agg(quote_literal(e.enumlabel), ', ' order by e.enumsortorder)
            from pg_enum as e where e.enumtypid = t.oid),
        'attributes', (
            select string_agg(
                format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod))
                    || case when a.attcollation <> 0 and a.attcollation <> at.typcollation
                        then ' collate ' || a.attcollation::regcollation else '' end,
                ', ' order by a.attnum)
            from pg_attribute as a
            join pg_type as at on at.oid = a.atttypid
            where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped),
        'base', case when t.typtype = 'd' then format_type(t.typbasetype, t.typtypmod) end,
        'default', t.typdefault,
        'null', case when t.typnotnull then 'not null' end,
        'collation', case when t.typtype = 'd' and t.typcollation <> base.typcollation
            then t.typcollation::regcollation::text end,
        'checks', (
            select string_agg(format('constraint %I %s', k.conname, pg_get_constraintdef(k.oid)), ' '
                order by k.conname)
            from pg_constraint as k where k.contypid = t.oid and k.contype = 'c'),
        'subtype', (select format_type(r.rngsubtype, null) from pg_range as r where r.rngtypid = t.oid),
        'owner', quote_ident(pg_get_userbyid(t.typowner)),
        'comment', obj_description(t.oid, 'pg_type'))),
    null::text
from pg_type as t
join visible_schema as s on s.oid = t.typnamespace
left join pg_class as c on c.oid = t.typrelid
left join pg_type as base on base.oid = t.typbasetype
where (t.typtype in ('e', 'd', 'r') or t.typtype = 'c' and c.relkind = 'c')
    and not exists (
        select from pg_depend as d
        where d.classid = 'pg_type'::regclass and d.objid = t.oid and d.deptype = 'e'
    )
