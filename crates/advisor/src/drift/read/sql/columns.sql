select 'pg_class'::regclass::oid, a.attrelid, a.attnum::int4, c.in_schema, c.called, quote_ident(a.attname),
    jsonb_strip_nulls(jsonb_build_object(
        'type', format_type(a.atttypid, a.atttypmod),
        'null', case when a.attnotnull then 'not null' end,
        'generated', case when a.attgenerated <> ''
            then format('(%s) %s', pg_get_expr(d.adbin, d.adrelid),
                case a.attgenerated when 's' then 'stored' else 'virtual' end) end,
        'identity', case a.attidentity when 'a' then 'always' when 'd' then 'by default' end,
        'identity sequence', (
            select format('start with %s increment by %s minvalue %s maxvalue %s cache %s%s',
                q.seqstart, q.seqincrement, q.seqmin, q.seqmax, q.seqcache,
                case when q.seqcycle then ' cycle' else '' end)
            from pg_depend as owned
            join pg_sequence as q on q.seqrelid = owned.objid
            where owned.classid = 'pg_class'::regclass and owned.refclassid = 'pg_class'::regclass
                and owned.refobjid = a.attrelid and owned.refobjsubid = a.attnum and owned.deptype = 'i'),
        'collation', case when a.attcollation <> t.typcollation then a.attcollation::regcollation::text end,
        'storage', case when a.attstorage <> t.typstorage then
            case a.attstorage when 'p' then 'plain' when 'e' then 'external' when 'm' then 'main'
                else 'extended' end end,
        'compression', case a.attcompression when 'p' then 'pglz' when 'l' then 'lz4' end,
        'statistics', case when a.attstattarget >= 0 then a.attstattarget::text end,
        'comment', col_description(a.attrelid, a.attnum))),
    a.attnum::text
from visible as c
join pg_attribute as a on a.attrelid = c.oid
join pg_type as t on t.oid = a.atttypid
left join pg_attrdef as d on d.adrelid = c.oid and d.adnum = a.attnum
where c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped and a.attislocal
