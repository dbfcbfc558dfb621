select 'pg_proc'::regclass::oid, p.oid, 0, quote_ident(s.nspname), null::text,
    format('%I(%s)', p.proname, oidvectortypes(p.proargtypes)),
    jsonb_strip_nulls(jsonb_build_object(
        'kind', case p.prokind when 'p' then 'procedure' when 'a' then 'aggregate' when 'w' then 'window' end,
        'arguments', nullif(pg_get_function_arguments(p.oid), ''),
        'returns', pg_get_function_result(p.oid),
        'language', l.lanname,
        'body', case when p.prokind = 'a' then null else coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) end,
        'library', encode(convert_to(p.probin, 'UTF8'), 'escape'),
        'volatility', case p.provolatile when 'i' then 'immutable' when 's' then 'stable' end,
        'security', case when p.prosecdef then 'definer' end,
        'null input', case when p.proisstrict then 'strict' end,
        'leakproof', case when p.proleakproof then 'leakproof' end,
        'parallel', case p.proparallel when 's' then 'safe' when 'r' then 'restricted' end,
        'settings', array_to_string(p.proconfig, '; '),
        'cost', nullif(p.procost, case when l.lanname in ('c', 'internal') then 1 else 100 end)::text,
        'rows', nullif(p.prorows, case when p.proretset then 1000 else 0 end)::text,
        'support', nullif(p.prosupport::oid, 0)::regproc::text,
        'aggregate', made.aggregate,
        'owner', quote_ident(pg_get_userbyid(p.proowner)),
        'comment', obj_description(p.oid, 'pg_proc'))),
    case when p.prokind = 'a' then made.aggregate else pg_get_functiondef(p.oid) end
from pg_proc as p
join visible_schema as s on s.oid = p.pronamespace
join pg_language as l on l.oid = p.prolang
left join lateral (
    select format('create aggregate %I.%I(%s) (sfunc = %s, stype = %s', s.nspname, p.proname,
            case when cardinality(p.proargtypes::oid[]) = 0 then '*' else oidvectortypes(p.proargtypes) end,
            a.aggtransfn, format_type(a.aggtranstype, null))
        || case when a.aggfinalfn <> 0 then ', finalfunc = ' || a.aggfinalfn else '' end
        || case when a.aggcombinefn <> 0 then ', combinefunc = ' || a.aggcombinefn else '' end
        || case when a.agginitval is not null then ', initcond = ' || quote_literal(a.agginitval) else '' end
        || ')' as aggregate
    from pg_aggregate as a where a.aggfnoid = p.oid
) as made on true
where not exists (
    select from pg_depend as d
    where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype in ('e', 'i')
)
