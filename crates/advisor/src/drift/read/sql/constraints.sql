select 'pg_constraint'::regclass::oid, k.oid, 0, c.in_schema, c.called, quote_ident(k.conname),
    jsonb_strip_nulls(jsonb_build_object(
        'definition', regexp_replace(pg_get_constraintdef(k.oid), ' NOT VALID$', ''),
        'valid', case when not k.convalidated then 'not validated' end,
        -- The server's own triggers do what a reference says, on the table that refers and on the other one.
        -- A partition has triggers of its own: told where they fire otherwise than those of its table.
        'fires', (
            with recursive part (oid) as (
                select k.oid
                union all
                select below.oid
                from part
                join pg_constraint as below on below.conparentid = part.oid
            )
            select string_agg(distinct format('%s on %s',
                case t.tgenabled when 'D' then 'never' when 'A' then 'always' when 'R' then 'on replicas'
                    else 'as usual' end,
                t.tgrelid::regclass), ', ')
            from part
            join pg_trigger as t on t.tgconstraint = part.oid
            left join pg_trigger as above on above.oid = t.tgparentid
            where t.tgisinternal and t.tgenabled <> coalesce(above.tgenabled, 'O')),
        'comment', obj_description(k.oid, 'pg_constraint'))),
    null::text
from visible as c
join pg_constraint as k on k.conrelid = c.oid
where k.contype in ('c', 'f', 'p', 'u', 'x') and k.conparentid = 0 and k.conislocal
