select 'pg_class'::regclass::oid, c.oid, 0, c.in_schema, null::text, c.called,
    jsonb_strip_nulls(jsonb_build_object(
        'definition', rtrim(a.view_definition, ';'),
        'reads', case when a.materialized_only then 'what is materialised' else 'the newest rows too' end,
        'compression', case when a.compression_enabled then 'enabled' end,
        'owner', quote_ident(a.view_owner),
        'comment', obj_description(c.oid, 'pg_class'))),
    null::text
from timescaledb_information.continuous_aggregates as a
join visible as c on c.oid = to_regclass(format('%I.%I', a.view_schema, a.view_name))
