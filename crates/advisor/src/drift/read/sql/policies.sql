select 'pg_policy'::regclass::oid, p.oid, 0, c.in_schema, c.called, quote_ident(p.polname),
    jsonb_strip_nulls(jsonb_build_object(
        'kind', case when not p.polpermissive then 'restrictive' end,
        'command', case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update'
            when 'd' then 'delete' end,
        'roles', (
            select string_agg(case role when 0 then 'public' else quote_ident(pg_get_userbyid(role)) end, ', '
                order by role)
            from unnest(p.polroles) as role where p.polroles <> array[0::oid]),
        'using', pg_get_expr(p.polqual, p.polrelid),
        'with check', pg_get_expr(p.polwithcheck, p.polrelid),
        'comment', obj_description(p.oid, 'pg_policy'))),
    null::text
from visible as c
join pg_policy as p on p.polrelid = c.oid
