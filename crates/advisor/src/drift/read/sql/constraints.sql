select 'pg_constraint'::regclass::oid, k.oid, 0, c.in_schema, c.called, quote_ident(k.conname),
    jsonb_strip_nulls(jsonb_build_object(
        'definition', regexp_replace(pg_get_constraintdef(k.oid), ' NOT VALID$', ''),
        'valid', case when not k.convalidated then 'not validated' end,
        -- The server's own triggers do what a reference says, on the table that refers and on the other one.
        'fires', (
            select string_agg(distinct format('%s on %s',
                case t.tgenabled when 'D' then 'never' when 'A' then 'always' when 'R' then 'on replicas' end,
                t.tgrelid::regclass), ', ')
            from pg_trigger as t
            where t.tgconstraint = k.oid and t.tgisinternal and t.tgenabled <> 'O'),
        'comment', obj_description(k.oid, 'pg_constraint'))),
    null::text
from visible as c
join pg_constraint as k on k.conrelid = c.oid
where k.contype in ('c', 'f', 'p', 'u', 'x') and k.conparentid = 0 and k.conislocal
