select 'pg_statistic_ext'::regclass::oid, e.oid, 0, quote_ident(s.nspname), null::text,
    quote_ident(e.stxname),
    jsonb_strip_nulls(jsonb_build_object(
        'definition', pg_get_statisticsobjdef(e.oid),
        'owner', quote_ident(pg_get_userbyid(e.stxowner)),
        'comment', obj_description(e.oid, 'pg_statistic_ext'))),
    null::text
from pg_statistic_ext as e
join visible_schema as s on s.oid = e.stxnamespace
join visible as c on c.oid = e.stxrelid
