select 'pg_event_trigger'::regclass::oid, t.oid, 0, null::text, null::text, quote_ident(t.evtname),
    jsonb_strip_nulls(jsonb_build_object(
        'event', t.evtevent,
        'function', format('%s()', t.evtfoid::regproc),
        'tags', (select string_agg(quote_literal(tag), ', ' order by tag) from unnest(t.evttags) as tag),
        'fires', case t.evtenabled when 'D' then 'never' when 'A' then 'always' when 'R' then 'on replicas' end,
        'owner', quote_ident(pg_get_userbyid(t.evtowner)),
        'comment', obj_description(t.oid, 'pg_event_trigger'))),
    null::text
from pg_event_trigger as t
where not exists (
    select from pg_depend as d
    where d.classid = 'pg_event_trigger'::regclass and d.objid = t.oid and d.deptype = 'e'
)
