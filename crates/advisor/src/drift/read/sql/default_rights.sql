select 'pg_default_acl'::regclass::oid, d.oid, 0, quote_ident(n.nspname), quote_ident(pg_get_userbyid(d.defaclrole)),
    case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions'
        when 'T' then 'types' when 'n' then 'schemas' else d.defaclobjtype::text end,
    jsonb_build_object('rights', coalesce((
        select string_agg(
            format('%s: %s', coalesce(quote_ident(r.rolname), 'public'), lower(x.privilege_type))
                || case when x.is_grantable then ' with grant option' else '' end,
            ', ' order by r.rolname, x.privilege_type)
        from aclexplode(d.defaclacl) as x
        left join pg_roles as r on r.oid = x.grantee), 'none')),
    -- What rights there would be without it.
    case when d.defaclnamespace = 0 then (
        select string_agg(
            format('%s: %s', coalesce(quote_ident(r.rolname), 'public'), lower(x.privilege_type)), ', '
            order by r.rolname, x.privilege_type)
        from aclexplode(acldefault(case d.defaclobjtype when 'S' then 's'::"char" else d.defaclobjtype end,
            d.defaclrole)) as x
        left join pg_roles as r on r.oid = x.grantee) end
from pg_default_acl as d
left join visible_schema as n on n.oid = d.defaclnamespace
where d.defaclnamespace = 0 or n.oid is not null
