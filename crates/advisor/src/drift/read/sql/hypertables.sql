select 0::oid, 0::oid, 0, c.in_schema, null::text, c.called,
    jsonb_strip_nulls(jsonb_build_object(
        'partitioned by', (
            select string_agg(quote_ident(d.column_name), ', ' order by d.dimension_number)
            from timescaledb_information.dimensions as d
            where d.hypertable_schema = h.hypertable_schema and d.hypertable_name = h.hypertable_name),
        'chunk interval', (
            select coalesce(d.time_interval::text, d.integer_interval::text)
            from timescaledb_information.dimensions as d
            where d.hypertable_schema = h.hypertable_schema and d.hypertable_name = h.hypertable_name
                and d.dimension_number = 1),
        'compression', case when h.compression_enabled then 'enabled' end,
        'segment by', (
            select string_agg(quote_ident(k.attname), ', ' order by k.segmentby_column_index)
            from timescaledb_information.compression_settings as k
            where k.hypertable_schema = h.hypertable_schema and k.hypertable_name = h.hypertable_name
                and k.segmentby_column_index is not null),
        'order by', (
            select string_agg(
                quote_ident(k.attname) || case when k.orderby_asc then '' else ' desc' end
                    || case when k.orderby_nullsfirst = k.orderby_asc then
                        case when k.orderby_nullsfirst then ' nulls first' else ' nulls last' end else '' end,
                ', ' order by k.orderby_column_index)
            from timescaledb_information.compression_settings as k
            where k.hypertable_schema = h.hypertable_schema and k.hypertable_name = h.hypertable_name
                and k.orderby_column_index is not null))),
    null::text
from timescaledb_information.hypertables as h
join visible as c on c.oid = to_regclass(format('%I.%I', h.hypertable_schema, h.hypertable_name))
