select 'pg_class'::regclass::oid, c.oid, 0, c.in_schema, null::text, c.called,
    jsonb_strip_nulls(jsonb_build_object(
        'definition', rtrim(pg_get_viewdef(c.oid), ';'),
        'options', (
            select string_agg(option, ', ' order by option) from unnest(c.reloptions) as option),
        'owner', quote_ident(pg_get_userbyid(c.relowner)),
        'comment', obj_description(c.oid, 'pg_class'))),
    null::text
from visible as c
where c.relkind = $3
