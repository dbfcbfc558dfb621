, granted as (
    select 'pg_class'::regclass::oid as class, c.oid, 0 as sub, c.in_schema as schema_name,
        format('%s %s.%s', case c.relkind when 'S' then 'sequence' else 'table' end, c.in_schema, c.called) as target,
        null::text as column_name, c.relowner as owner,
        coalesce(c.relacl, acldefault(case c.relkind when 'S' then 's'::"char" else 'r'::"char" end, c.relowner)) as acl
    from visible as c
    where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
    union all
    select 'pg_class'::regclass::oid, c.oid, a.attnum::int4, c.in_schema,
        format('table %s.%s', c.in_schema, c.called), quote_ident(a.attname), c.relowner, a.attacl
    from visible as c
    join pg_attribute as a on a.attrelid = c.oid
    where a.attacl is not null and not a.attisdropped
    union all
    select 'pg_proc'::regclass::oid, p.oid, 0, quote_ident(s.nspname),
        format('routine %I.%I(%s)', s.nspname, p.proname, oidvectortypes(p.proargtypes)), null, p.proowner,
        coalesce(p.proacl, acldefault('f', p.proowner))
    from pg_proc as p
    join visible_schema as s on s.oid = p.pronamespace
    where not exists (
        select from pg_depend as d
        where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype in ('e', 'i')
    )
    union all
    select 'pg_type'::regclass::oid, t.oid, 0, quote_ident(s.nspname), format('type %I.%I', s.nspname, t.typname),
        null, t.typowner, coalesce(t.typacl, acldefault('T', t.typowner))
    from pg_type as t
    join visible_schema as s on s.oid = t.typnamespace
    left join pg_class as c on c.oid = t.typrelid
    where (t.typtype in ('e', 'd', 'r') or t.typtype = 'c' and c.relkind = 'c')
        and not exists (
            select from pg_depend as d
            where d.classid = 'pg_type'::regclass and d.objid = t.oid and d.deptype = 'e'
        )
    union all
    select 'pg_namespace'::regclass::oid, s.oid, 0, null, format('schema %I', s.nspname), null, s.nspowner,
        coalesce(s.nspacl, acldefault('n', s.nspowner))
    from visible_schema as s
    union all
    -- Who may connect is the administrator's business; what may be made in it is the schema's.
    select 'pg_database'::regclass::oid, d.oid, 0, null, 'database', null, d.datdba,
        coalesce(d.datacl, acldefault('d', d.datdba))
    from pg_database as d
    where d.datname = current_database()
)
select g.class, g.oid, g.sub, g.schema_name, g.target,
    coalesce(g.column_name || ' of ', '') || coalesce(quote_ident(r.rolname), 'public'),
    jsonb_strip_nulls(jsonb_build_object(
        'privileges', string_agg(
            lower(x.privilege_type) || case when x.is_grantable then ' with grant option' else '' end, ', '
            order by x.privilege_type),
        'column', g.column_name,
        'to', coalesce(quote_ident(r.rolname), 'public'))),
    null::text
from granted as g
cross join lateral aclexplode(g.acl) as x
left join pg_roles as r on r.oid = x.grantee
-- Owners have all rights.
where x.grantee <> g.owner
    and (g.target <> 'database' or x.privilege_type <> 'CONNECT')
group by g.class, g.oid, g.sub, g.schema_name, g.target, g.column_name, r.rolname
