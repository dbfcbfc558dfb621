//! What TimescaleDB knows besides the plan: chunks, the jobs that look after them, continuous aggregates.

use schemars::JsonSchema;
use serde::Serialize;
use tokio_postgres::{Client, Row};

use super::error::doing;
use super::{ExplainError, Lag, TableFacts};

/// A chunk of a hypertable.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct ChunkFacts {
    /// How long ago its period ended; less than zero while it lasts. Nothing where it is cut by no time.
    pub ended: Option<Lag>,
    /// How long its period is.
    pub length: Option<Lag>,
    /// Whether it is compressed, be it that rows came later.
    pub is_compressed: bool,
    /// What it took with its indexes before it was compressed, where that is remembered.
    pub bytes_before: Option<i64>,
    /// What is to compress it.
    pub compression: Option<JobFacts>,
}

/// A continuous aggregate that adds up what it does not keep yet while it is read.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct RollupFacts {
    /// Its name, as SQL takes it.
    pub name: String,
    /// The hypertable that it is made of, as SQL names it.
    pub source: String,
    /// The number of the hypertable that it keeps its buckets in.
    pub hypertable_id: i32,
    /// Up to where it is kept, in microseconds or in the numbers that its source is cut by; nothing
    /// where it never was.
    pub watermark: Option<i64>,
    /// How long ago that was.
    pub behind: Option<Lag>,
    /// What is to keep it.
    pub refresh: Option<JobFacts>,
}

/// A job that looks after a hypertable or a continuous aggregate.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct JobFacts {
    /// Its number.
    pub id: i32,
    /// How old something must be before the job takes it on.
    pub after: Option<Lag>,
    /// How often it runs.
    pub every: Option<Lag>,
    /// Whether it is paused.
    pub is_paused: bool,
    /// Whether its last run failed.
    pub has_failed: bool,
    /// How long ago it succeeded.
    pub succeeded: Option<Lag>,
}

/// Of a hypertable or a chunk: the hypertable, and its time column.
const HYPERTABLES: &str = "
    select relation.oid, format('%I.%I', hypertable.schema_name, hypertable.table_name),
        array(
            select dimension.column_name::text
            from _timescaledb_catalog.dimension as dimension
            where dimension.hypertable_id = hypertable.id)
    from pg_class as relation
    join pg_namespace as namespace on namespace.oid = relation.relnamespace
    left join _timescaledb_catalog.chunk as chunk
        on chunk.schema_name = namespace.nspname and chunk.table_name = relation.relname
    join _timescaledb_catalog.hypertable as hypertable
        on hypertable.id = chunk.hypertable_id
        or hypertable.schema_name = namespace.nspname and hypertable.table_name = relation.relname
    where relation.oid = any ($1)";

const COMPRESSION: &str = "
    select relid::oid, coalesce(segmentby, '{}')::text[], coalesce(orderby, '{}')::text[]
    from _timescaledb_catalog.compression_settings
    where relid = any ($1)
        or relid in (
            select format('%I.%I', hypertable.schema_name, hypertable.table_name)::regclass
            from _timescaledb_catalog.hypertable as hypertable)";

const CHUNKS: &str = "
    select relation.oid, raw.hypertable_id, chunk.is_compressed,
        extract(epoch from now() - chunk.range_end)::float8,
        extract(epoch from chunk.range_end - chunk.range_start)::float8,
        earlier.uncompressed_heap_size + earlier.uncompressed_toast_size + earlier.uncompressed_index_size
    from pg_class as relation
    join pg_namespace as namespace on namespace.oid = relation.relnamespace
    join timescaledb_information.chunks as chunk
        on chunk.chunk_schema = namespace.nspname and chunk.chunk_name = relation.relname
    join _timescaledb_catalog.chunk as raw
        on raw.schema_name = namespace.nspname and raw.table_name = relation.relname
    left join _timescaledb_catalog.compression_chunk_size as earlier on earlier.chunk_id = raw.id
    where relation.oid = any ($1)";

const ROLLUPS: &str = "
    select format('%I.%I', rollup.user_view_schema, rollup.user_view_name),
        format('%I.%I', source.schema_name, source.table_name), rollup.mat_hypertable_id, mark.watermark,
        -- Times are counted in microseconds; what is cut by numbers is at no time.
        case when dimension.column_type in ('timestamptz'::regtype, 'timestamp'::regtype, 'date'::regtype)
            then (extract(epoch from now()) - mark.watermark / 1e6)::float8 end
    from _timescaledb_catalog.continuous_agg as rollup
    join _timescaledb_catalog.hypertable as source on source.id = rollup.raw_hypertable_id
    join _timescaledb_catalog.continuous_aggs_watermark as mark
        on mark.mat_hypertable_id = rollup.mat_hypertable_id
    join _timescaledb_catalog.dimension as dimension
        on dimension.hypertable_id = source.id and dimension.interval_length is not null
    where not rollup.materialized_only
        and format('%I.%I', source.schema_name, source.table_name) = any ($1)
    order by 1";

/// Jobs by the hypertable that they name. What is cut by numbers has ages in numbers, which are left out.
const JOBS: &str = "
    select coalesce(job.config ->> 'hypertable_id', job.config ->> 'mat_hypertable_id')::integer,
        job.job_id,
        case when age.told !~ '^-?[0-9]+$'
            then extract(epoch from age.told::interval)::float8 end,
        extract(epoch from job.schedule_interval)::float8, not job.scheduled,
        coalesce(stats.last_run_status = 'Failed', false),
        extract(epoch from now() - nullif(stats.last_successful_finish, '-infinity'))::float8
    from timescaledb_information.jobs as job
    left join timescaledb_information.job_stats as stats on stats.job_id = job.job_id
    cross join lateral (
        select coalesce(job.config ->> 'compress_after', job.config ->> 'end_offset')) as age (told)
    where job.proc_name = any ('{policy_compression,policy_refresh_continuous_aggregate}')
    order by job.job_id";

/// Before the year one nothing was sold: what lies before is TimescaleDB's word for never.
const YEAR_ONE: i64 = -62_135_596_800_000_000;

/// What may be asked.
struct Known {
    hypertables: bool,
    compression: bool,
    jobs: bool,
}

/// Adds what TimescaleDB knows of tables, where it is there and may be asked, and returns the continuous
/// aggregates that are made of them.
pub(super) async fn time_series(
    client: &Client,
    oids: &[u32],
    found: &mut [(u32, TableFacts)],
) -> Result<Vec<RollupFacts>, ExplainError> {
    let action = doing("look at hypertables");
    let known = known(client).await?;
    if !known.hypertables {
        return Ok(Vec::new());
    }
    for row in client.query(HYPERTABLES, &[&oids]).await.map_err(&action)? {
        if let Some(table) = of(found, row.get(0)) {
            table.part_of = row.get(1);
            table.partition_columns = row.get(2);
        }
    }
    if known.compression {
        for row in client.query(COMPRESSION, &[&oids]).await.map_err(&action)? {
            if let Some(table) = of(found, row.get(0)) {
                table.segment_by = row.get(1);
                table.order_by = row.get(2);
            }
        }
    }
    if known.jobs { looked_after(client, oids, found).await } else { Ok(Vec::new()) }
}

async fn known(client: &Client) -> Result<Known, ExplainError> {
    let may_ask = "
        select bool_and(may_ask) filter (where kind = 'hypertables'),
            bool_and(may_ask) filter (where kind = 'compression'), bool_and(may_ask)
        from (values
            ('hypertables', '_timescaledb_catalog.dimension'),
            ('hypertables', '_timescaledb_catalog.chunk'),
            ('compression', '_timescaledb_catalog.compression_settings'),
            ('jobs', '_timescaledb_catalog.compression_chunk_size'),
            ('jobs', '_timescaledb_catalog.continuous_agg'),
            ('jobs', '_timescaledb_catalog.continuous_aggs_watermark'),
            ('jobs', 'timescaledb_information.chunks'),
            ('jobs', 'timescaledb_information.jobs'),
            ('jobs', 'timescaledb_information.job_stats')) as asked (kind, name)
        cross join lateral (
            select coalesce(has_table_privilege(to_regclass(name), 'select'), false)) as answer (may_ask)";
    let row = client.query_one(may_ask, &[]).await.map_err(doing("look at hypertables"))?;
    Ok(Known { hypertables: row.get(0), compression: row.get(1), jobs: row.get(2) })
}

/// Adds chunks with the jobs that compress them, and returns continuous aggregates with those that keep
/// them.
async fn looked_after(
    client: &Client,
    oids: &[u32],
    found: &mut [(u32, TableFacts)],
) -> Result<Vec<RollupFacts>, ExplainError> {
    let action = doing("look at chunks and jobs");
    let jobs: Vec<(Option<i32>, JobFacts)> = client
        .query(JOBS, &[])
        .await
        .map_err(&action)?
        .iter()
        .map(|row| (row.get(0), job(row)))
        .collect();
    let of_hypertable =
        |id: i32| jobs.iter().find(|(each, _)| *each == Some(id)).map(|(_, job)| job.clone());
    for row in client.query(CHUNKS, &[&oids]).await.map_err(&action)? {
        if let Some(table) = of(found, row.get(0)) {
            table.chunk = Some(ChunkFacts {
                compression: of_hypertable(row.get(1)),
                is_compressed: row.get(2),
                ended: lag(&row, 3),
                length: lag(&row, 4),
                bytes_before: row.get(5),
            });
        }
    }
    let mut sources: Vec<&str> =
        found.iter().filter_map(|(_, table)| table.part_of.as_deref()).collect();
    sources.sort_unstable();
    sources.dedup();
    let rollups = client.query(ROLLUPS, &[&sources]).await.map_err(&action)?;
    Ok(rollups
        .iter()
        .map(|row| {
            let watermark = Some(row.get(3)).filter(|mark: &i64| *mark > YEAR_ONE);
            RollupFacts {
                name: row.get(0),
                source: row.get(1),
                hypertable_id: row.get(2),
                watermark,
                behind: watermark.and_then(|_| lag(row, 4)),
                refresh: of_hypertable(row.get(2)),
            }
        })
        .collect())
}

fn of(found: &mut [(u32, TableFacts)], oid: u32) -> Option<&mut TableFacts> {
    found.iter_mut().find(|(each, _)| *each == oid).map(|(_, table)| table)
}

fn lag(row: &Row, place: usize) -> Option<Lag> {
    row.get::<_, Option<f64>>(place).map(|seconds| Lag { seconds })
}

fn job(row: &Row) -> JobFacts {
    JobFacts {
        id: row.get(1),
        after: lag(row, 2),
        every: lag(row, 3),
        is_paused: row.get(4),
        has_failed: row.get(5),
        succeeded: lag(row, 6),
    }
}
