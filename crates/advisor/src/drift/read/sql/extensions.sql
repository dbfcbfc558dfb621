select 'pg_extension'::regclass::oid, e.oid, 0, null::text, null::text, quote_ident(e.extname),
    jsonb_build_object('version', e.extversion, 'schema', quote_ident(n.nspname)),
    null::text
from pg_extension as e
join pg_namespace as n on n.oid = e.extnamespace
where e.extname <> 'plpgsql'
