select 'pg_constraint'::regclass::oid, k.oid, 0, c.in_schema, c.called, quote_ident(k.conname),
    jsonb_strip_nulls(jsonb_build_object(
        'definition', regexp_replace(pg_get_constraintdef(k.oid), ' NOT VALID$', ''),
        'valid', case when not k.convalidated then 'not validated' end,
        'comment', obj_description(k.oid, 'pg_constraint'))),
    null::text
from visible as c
join pg_constraint as k on k.conrelid = c.oid
where k.contype in ('c', 'f', 'p', 'u', 'x') and k.conparentid = 0 and k.conislocal
