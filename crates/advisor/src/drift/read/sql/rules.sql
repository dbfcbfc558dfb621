select 'pg_rewrite'::regclass::oid, r.oid, 0, c.in_schema, c.called, quote_ident(r.rulename),
    jsonb_strip_nulls(jsonb_build_object(
        'definition', rtrim(pg_get_ruledef(r.oid), ';'),
        'fires', case r.ev_enabled when 'D' then 'never' when 'A' then 'always' when 'R' then 'on replicas' end,
        'comment', obj_description(r.oid, 'pg_rewrite'))),
    null::text
from visible as c
join pg_rewrite as r on r.ev_class = c.oid
where r.rulename <> '_RETURN'
