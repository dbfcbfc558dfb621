select 'pg_namespace'::regclass::oid, s.oid, 0, null::text, null::text, quote_ident(s.nspname),
    jsonb_strip_nulls(jsonb_build_object(
        'owner', quote_ident(pg_get_userbyid(s.nspowner)),
        'comment', obj_description(s.oid, 'pg_namespace'))),
    null::text
from visible_schema as s
