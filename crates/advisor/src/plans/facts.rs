//! What a live database knows besides the plan: sizes, statistics, indexes, settings.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use tokio_postgres::{Client, Row};

use super::condition::calls;
use super::error::doing;
use super::series::time_series;
use super::{ChunkFacts, ExplainError, Node, Plan, RollupFacts};
use crate::workload::{Counted, counted};

/// What the database knows about a plan's tables and about itself.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Facts {
    /// The tables that the plan names.
    pub tables: Vec<TableFacts>,
    /// Settings that decide about plans, by name, as the server shows them.
    pub settings: BTreeMap<String, String>,
    /// The continuous aggregates of its tables that add up while they are read what they do not keep yet.
    pub rollups: Vec<RollupFacts>,
    /// Functions that filters of the plan call for each row: they may answer otherwise each time, and are
    /// written in a language in which a call is dear.
    pub functions: Vec<FunctionFacts>,
    /// How often the server counted the statement, where it counts.
    pub counted: Option<Counted>,
}

/// A function.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct FunctionFacts {
    /// Its name, without its schema.
    pub name: String,
    /// Whether it may answer otherwise within one statement.
    pub is_volatile: bool,
}

/// A table.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct TableFacts {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// The partitioned table or hypertable that it is part of, as SQL names it.
    pub part_of: Option<String>,
    /// The rows that the last look at it counted; less than zero when nobody ever looked.
    pub estimated_rows: f64,
    /// Its size without indexes.
    pub bytes: i64,
    /// Rows that are there, as the statistics collector counts.
    pub live_rows: i64,
    /// Rows that are gone and not yet removed.
    pub dead_rows: i64,
    /// Rows that changed since it was analysed.
    pub changed_rows: i64,
    /// How long ago it was analysed.
    pub analysed: Option<Lag>,
    /// How long ago it was vacuumed.
    pub vacuumed: Option<Lag>,
    /// Whether row security is on, for it or for a table that it is part of.
    pub has_row_security: bool,
    /// What the policies say that decide which of its rows are seen.
    pub policies: Vec<String>,
    /// The column by which it is cut into partitions or chunks.
    pub partition_columns: Vec<String>,
    /// What is known of it as a chunk, where it is one.
    pub chunk: Option<ChunkFacts>,
    /// Columns that compressed batches are kept apart by.
    pub segment_by: Vec<String>,
    /// Columns that compressed batches are ordered by.
    pub order_by: Vec<String>,
    /// Its columns.
    pub columns: Vec<ColumnFacts>,
    /// Its indexes.
    pub indexes: Vec<IndexFacts>,
}

/// How long ago something was.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, JsonSchema)]
pub struct Lag {
    /// In seconds.
    pub seconds: f64,
}

/// A column.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct ColumnFacts {
    /// Its name.
    pub name: String,
    /// Its type.
    pub type_name: String,
    /// How many values it has; less than zero, the share of rows that differ. Null without statistics.
    pub distinct: Option<f32>,
    /// How the order of values goes with that of rows, from -1 to 1.
    pub correlation: Option<f32>,
    /// The share of rows that have none.
    pub null_share: Option<f32>,
    /// The share of the most common value.
    pub commonest_share: Option<f32>,
}

/// An index.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct IndexFacts {
    /// Its name.
    pub name: String,
    /// How it would be made again.
    pub definition: String,
    /// What it is ordered by, first things first: columns or expressions.
    pub keys: Vec<String>,
    /// What it holds besides.
    pub included: Vec<String>,
    /// The kind: `btree`, `brin` …
    pub method: String,
    /// Which rows it has, where not all.
    pub predicate: Option<String>,
    /// Whether it can be used.
    pub is_valid: bool,
    /// Its size.
    pub bytes: i64,
}

const TABLES: &str = "
    select tables.oid, namespace.nspname, tables.relname, tables.reltuples::float8,
        pg_relation_size(tables.oid), coalesce(stats.n_live_tup, 0), coalesce(stats.n_dead_tup, 0),
        coalesce(stats.n_mod_since_analyze, 0),
        extract(epoch from now() - greatest(stats.last_analyze, stats.last_autoanalyze))::float8,
        extract(epoch from now() - greatest(stats.last_vacuum, stats.last_autovacuum))::float8,
        guard.is_on, guard.policies,
        (select inhparent::regclass::text from pg_inherits where inhrelid = tables.oid limit 1),
        -- The keys of the partitioned table that it is, or is part of.
        (select coalesce(array_agg(attname::text), '{}')
         from pg_partitioned_table as partitioned
         join pg_attribute on attrelid = partrelid and attnum = any (partattrs::int2[])
         where partrelid = tables.oid
             or partrelid = (
                 select inhparent from pg_inherits where inhrelid = tables.oid limit 1))
    from pg_class as tables
    join pg_namespace as namespace on namespace.oid = tables.relnamespace
    left join pg_stat_all_tables as stats on stats.relid = tables.oid
    cross join lateral (
        -- Who asks a table for rows of its parts sees what its policies let him see.
        with recursive above as (
            select tables.oid as oid
            union
            select inhparent from above join pg_inherits on inhrelid = above.oid)
        select bool_or(guarded.relrowsecurity) as is_on,
            coalesce(
                array_agg(pg_get_expr(polqual, polrelid))
                    filter (where guarded.relrowsecurity and polqual is not null),
                '{}') as policies
        from above
        join pg_class as guarded on guarded.oid = above.oid
        left join pg_policy on polrelid = guarded.oid and polcmd in ('r', '*')) as guard
    where tables.oid = any ($1)
    order by tables.oid";

const COLUMNS: &str = "
    select attribute.attrelid, attribute.attname::text,
        format_type(attribute.atttypid, attribute.atttypmod),
        stats.n_distinct, stats.correlation, stats.null_frac, stats.most_common_freqs[1]
    from pg_attribute as attribute
    join pg_class as tables on tables.oid = attribute.attrelid
    join pg_namespace as namespace on namespace.oid = tables.relnamespace
    left join pg_stats as stats
        on stats.schemaname = namespace.nspname
        and stats.tablename = tables.relname
        and stats.attname = attribute.attname
        and stats.inherited = (tables.relkind = 'p')
    where attribute.attrelid = any ($1) and attribute.attnum > 0 and not attribute.attisdropped
    order by attribute.attrelid, attribute.attnum";

const INDEXES: &str = "
    select indexed.indrelid, indexes.relname::text, pg_get_indexdef(indexes.oid),
        array(
            select pg_get_indexdef(indexes.oid, place, true)
            from generate_series(1, indexed.indnkeyatts::integer) as place),
        array(
            select pg_get_indexdef(indexes.oid, place, true)
            from generate_series(indexed.indnkeyatts + 1, indexed.indnatts::integer) as place),
        method.amname::text, pg_get_expr(indexed.indpred, indexed.indrelid), indexed.indisvalid,
        pg_relation_size(indexes.oid)
    from pg_index as indexed
    join pg_class as indexes on indexes.oid = indexed.indexrelid
    join pg_am as method on method.oid = indexes.relam
    where indexed.indrelid = any ($1)
    order by indexed.indrelid, indexes.relname";

const FUNCTIONS: &str = "
    select proname::text, bool_or(provolatile = 'v')
    from pg_proc
    join pg_language on pg_language.oid = prolang
    where proname = any ($1::text[]) and provolatile <> 'i' and lanname <> all ('{internal,c}')
    group by proname
    order by proname";

const SETTINGS: &str = "
    select name, current_setting(name)
    from pg_settings
    where name = any ('{server_version_num,work_mem,hash_mem_multiplier,random_page_cost,seq_page_cost,
        effective_cache_size,shared_buffers,jit,jit_above_cost,default_statistics_target,
        max_parallel_workers,max_parallel_workers_per_gather,track_io_timing}')";

impl Facts {
    /// Asks a database about the tables of a plan. It reads catalogs only, and no table's rows.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn gather(client: &Client, plan: &Plan) -> Result<Self, ExplainError> {
        let action = doing("look at the tables of the plan");
        let oids = named_tables(client, plan).await?;
        let mut facts = Self {
            settings: settings(client).await?,
            functions: functions(client, plan).await?,
            counted: match plan.query_id {
                Some(id) => counted(client, id).await.map_err(&action)?,
                None => None,
            },
            ..Self::default()
        };
        let mut found: Vec<(u32, TableFacts)> = client
            .query(TABLES, &[&oids])
            .await
            .map_err(&action)?
            .iter()
            .map(|row| (row.get(0), table(row)))
            .collect();
        let of = |found: &mut Vec<(u32, TableFacts)>, oid: u32| {
            found.iter().position(|(each, _)| *each == oid)
        };
        for row in client.query(COLUMNS, &[&oids]).await.map_err(&action)? {
            if let Some((_, table)) = of(&mut found, row.get(0)).and_then(|at| found.get_mut(at)) {
                table.columns.push(column(&row));
            }
        }
        for row in client.query(INDEXES, &[&oids]).await.map_err(&action)? {
            if let Some((_, table)) = of(&mut found, row.get(0)).and_then(|at| found.get_mut(at)) {
                table.indexes.push(index(&row));
            }
        }
        facts.rollups = time_series(client, &oids, &mut found).await?;
        facts.tables = found.into_iter().map(|(_, table)| table).collect();
        Ok(facts)
    }

    /// Returns what is known about a node's table.
    pub fn table(&self, node: &Node) -> Option<&TableFacts> {
        let relation = node.relation.as_deref()?;
        let schema = node.schema.as_deref();
        let is_it = |table: &&TableFacts| {
            table.name == relation && schema.is_none_or(|schema| table.schema == schema)
        };
        self.tables.iter().find(is_it)
    }

    /// Returns a function that is dear to call for each row.
    pub fn function(&self, name: &str) -> Option<&FunctionFacts> {
        self.functions.iter().find(|function| function.name == name)
    }

    /// Returns a setting.
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.settings.get(name).map(String::as_str)
    }
}

impl TableFacts {
    /// Returns a column.
    pub fn column(&self, name: &str) -> Option<&ColumnFacts> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Returns an index that begins with a column.
    pub fn index_on(&self, column: &str) -> Option<&IndexFacts> {
        self.indexes.iter().find(|index| {
            index.is_valid && index.keys.first().is_some_and(|key| key.trim_matches('"') == column)
        })
    }

    /// Returns how many values a column has.
    pub fn distinct_values(&self, column: &str) -> Option<f64> {
        let distinct = f64::from(self.column(column)?.distinct?);
        Some(if distinct < 0.0 { -distinct * self.estimated_rows.max(0.0) } else { distinct })
    }
}

impl Lag {
    /// Says it as people do.
    pub fn shown(self) -> String {
        let (amount, unit) = match self.seconds {
            seconds if seconds < 120.0 => (seconds, "s"),
            seconds if seconds < 7_200.0 => (seconds / 60.0, "min"),
            seconds if seconds < 172_800.0 => (seconds / 3_600.0, "h"),
            seconds => (seconds / 86_400.0, "days"),
        };
        format!("{amount:.0} {unit}")
    }
}

async fn named_tables(client: &Client, plan: &Plan) -> Result<Vec<u32>, ExplainError> {
    let mut names: Vec<String> = plan.nodes.iter().filter_map(Node::table).collect();
    names.sort();
    names.dedup();
    let row = client
        .query_one(
            "select coalesce(array_agg(distinct to_regclass(name)::oid)
                 filter (where to_regclass(name) is not null), '{}')
             from unnest($1::text[]) as name",
            &[&names],
        )
        .await
        .map_err(doing("find the tables of the plan"))?;
    Ok(row.get(0))
}

async fn functions(client: &Client, plan: &Plan) -> Result<Vec<FunctionFacts>, ExplainError> {
    let filters = plan.nodes.iter().filter_map(|node| node.conditions.filter.as_deref());
    let mut names: Vec<&str> = filters.flat_map(calls).map(|call| call.name).collect();
    names.sort_unstable();
    names.dedup();
    let rows = client.query(FUNCTIONS, &[&names]).await;
    let rows = rows.map_err(doing("look at the functions of the plan"))?;
    Ok(rows.iter().map(|row| FunctionFacts { name: row.get(0), is_volatile: row.get(1) }).collect())
}

async fn settings(client: &Client) -> Result<BTreeMap<String, String>, ExplainError> {
    let rows = client.query(SETTINGS, &[]).await.map_err(doing("read the planner's settings"))?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

fn table(row: &Row) -> TableFacts {
    let lag = |seconds: Option<f64>| seconds.map(|seconds| Lag { seconds });
    TableFacts {
        schema: row.get(1),
        name: row.get(2),
        estimated_rows: row.get(3),
        bytes: row.get(4),
        live_rows: row.get(5),
        dead_rows: row.get(6),
        changed_rows: row.get(7),
        analysed: lag(row.get(8)),
        vacuumed: lag(row.get(9)),
        has_row_security: row.get(10),
        policies: row.get(11),
        part_of: row.get(12),
        partition_columns: row.get(13),
        ..TableFacts::default()
    }
}

fn column(row: &Row) -> ColumnFacts {
    ColumnFacts {
        name: row.get(1),
        type_name: row.get(2),
        distinct: row.get(3),
        correlation: row.get(4),
        null_share: row.get(5),
        commonest_share: row.get(6),
    }
}

fn index(row: &Row) -> IndexFacts {
    IndexFacts {
        name: row.get(1),
        definition: row.get(2),
        keys: row.get(3),
        included: row.get(4),
        method: row.get(5),
        predicate: row.get(6),
        is_valid: row.get(7),
        bytes: row.get(8),
    }
}
