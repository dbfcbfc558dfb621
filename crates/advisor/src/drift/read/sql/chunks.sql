select to_regclass(format('%I.%I', c.schema_name, c.table_name))::oid
from _timescaledb_catalog.chunk as c
where to_regclass(format('%I.%I', c.schema_name, c.table_name)) is not null
