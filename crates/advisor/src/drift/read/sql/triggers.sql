select 'pg_trigger'::regclass::oid, t.oid, 0, c.in_schema, c.called, quote_ident(t.tgname),
    jsonb_strip_nulls(jsonb_build_object(
        'definition', pg_get_triggerdef(t.oid),
        'fires', nullif(concat_ws(', ',
            case t.tgenabled when 'D' then 'never' when 'A' then 'always' when 'R' then 'on replicas' end,
            -- A partition has one of its own: told where it fires otherwise than that of its table.
            (
                with recursive part (oid, enabled) as (
                    select t.oid, t.tgenabled
                    union all
                    select below.oid, below.tgenabled
                    from part
                    join pg_trigger as below on below.tgparentid = part.oid
                )
                select string_agg(format('%s on %s',
                    case below.tgenabled when 'D' then 'never' when 'A' then 'always'
                        when 'R' then 'on replicas' else 'as usual' end,
                    below.tgrelid::regclass), ', ' order by below.tgrelid::regclass::text)
                from part
                join pg_trigger as below on below.tgparentid = part.oid and below.tgenabled <> part.enabled
            )), ''),
        'comment', obj_description(t.oid, 'pg_trigger'))),
    null::text
from visible as c
join pg_trigger as t on t.tgrelid = c.oid
where not t.tgisinternal
    and t.tgparentid = 0
    -- TimescaleDB's own have numbers in them.
    and not exists (
        select from pg_depend as d
        join pg_extension as e on e.oid = d.refobjid and d.refclassid = 'pg_extension'::regclass
        where d.classid = 'pg_proc'::regclass and d.objid = t.tgfoid and d.deptype = 'e'
            and e.extname = 'timescaledb'
    )
