select 'pg_attrdef'::regclass::oid, d.oid, 0, c.in_schema, c.called, quote_ident(a.attname),
    jsonb_build_object('expression', pg_get_expr(d.adbin, d.adrelid)),
    null::text
from visible as c
join pg_attrdef as d on d.adrelid = c.oid
join pg_attribute as a on a.attrelid = c.oid and a.attnum = d.adnum
where c.relkind in ('r', 'p', 'v') and a.attgenerated = ''
