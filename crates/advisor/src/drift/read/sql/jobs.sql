select 0::oid, 0::oid, 0, c.in_schema, c.called, quote_ident(j.proc_name),
    jsonb_strip_nulls(jsonb_build_object(
        'every', j.schedule_interval::text,
        'settings', nullif(j.config - 'hypertable_id' - 'mat_hypertable_id', '{}')::text,
        'paused', case when not j.scheduled then 'paused' end)),
    null::text
from timescaledb_information.jobs as j
left join _timescaledb_catalog.continuous_agg as a
    on a.mat_hypertable_id = coalesce(j.config ->> 'mat_hypertable_id', j.config ->> 'hypertable_id')::integer
join visible as c on c.oid = coalesce(
    case when a.user_view_name is not null
        then to_regclass(format('%I.%I', a.user_view_schema, a.user_view_name)) end,
    case when j.hypertable_name is not null
        then to_regclass(format('%I.%I', j.hypertable_schema, j.hypertable_name)) end)
