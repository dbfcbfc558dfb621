//! The schema of a sample: dumped from the source in two parts with the rows between them, or prepared by
//! somebody who knows how it is built.

use std::ffi::OsString;
use std::path::PathBuf;

use tempfile::TempDir;
use tokio::process::Command;
use tokio_postgres::Client;

use super::rows::{Snapshot, is_hypertable};
use super::{Ends, SampleSchema};
use crate::rehearsal::copy::dump::{psql_arguments, restore_arguments};
use crate::rehearsal::copy::error::doing;
use crate::rehearsal::copy::{APPLICATION, CopyError};
use crate::rehearsal::programs::judged;
use crate::rehearsal::tables::{Table, has_timescaledb, identifier, literal};

/// A schema whose rows may come now.
pub(super) enum Schema {
    /// What stands behind the rows is in a file: indexes, keys, triggers.
    Begun { directory: TempDir, hypertables: Vec<String> },
    /// Everything is there.
    Complete,
}

/// Builds what rows need.
pub(super) async fn begin(
    ends: &Ends<'_>,
    snapshot: &Snapshot,
    tables: &[Table],
    schema: &SampleSchema,
) -> Result<Schema, CopyError> {
    if let SampleSchema::Prepared(prepare) = schema {
        prepare(ends.copy.url().to_owned()).await.map_err(CopyError::Prepare)?;
        return Ok(Schema::Complete);
    }
    let has_chunks =
        has_timescaledb(snapshot.client()).await.map_err(doing("look for TimescaleDB"))?;
    let excluded = if has_chunks { chunks(snapshot).await? } else { Vec::new() };
    if has_chunks {
        refuse_what_only_a_whole_copy_has(snapshot).await?;
    }
    let directory = tempfile::tempdir().map_err(CopyError::Disk)?;
    let mut arguments: Vec<OsString> = vec![
        "--schema-only".into(),
        "--format=custom".into(),
        "--no-publications".into(),
        "--no-subscriptions".into(),
        format!("--snapshot={}", snapshot.name()).into(),
        "--file".into(),
        archive(&directory).into(),
    ];
    arguments.extend(excluded.iter().map(|name| OsString::from(format!("--exclude-table={name}"))));
    ends.programs.run("pg_dump", ends.source, arguments).await?;
    restore(ends, &directory, Section::Before).await?;
    let hypertables: Vec<&Table> = tables.iter().filter(|table| is_hypertable(table)).collect();
    if !hypertables.is_empty() {
        let target = ends.copy.connect(APPLICATION).await.map_err(|source| {
            CopyError::Unreachable { database: ends.copy.database().to_owned(), source }
        })?;
        for table in &hypertables {
            make_hypertable(snapshot, &target, table).await?;
        }
    }
    let names = names_in_dump(snapshot, &hypertables).await?;
    Ok(Schema::Begun { directory, hypertables: names })
}

impl Schema {
    /// Whether keys and triggers are there already.
    pub(super) const fn is_complete(&self) -> bool {
        matches!(self, Self::Complete)
    }

    /// Builds the rest.
    pub(super) async fn finish(self, ends: &Ends<'_>) -> Result<(), CopyError> {
        match self {
            Self::Complete => Ok(()),
            Self::Begun { directory, hypertables } => {
                restore(ends, &directory, Section::After(&hypertables)).await
            }
        }
    }
}

fn archive(directory: &TempDir) -> PathBuf {
    directory.path().join("schema.dump")
}

/// A part of the schema.
enum Section<'s> {
    /// What stands before the rows.
    Before,
    /// What stands behind them; hypertables by the names that a dump has for them.
    After(&'s [String]),
}

/// Restores a section, without the triggers that TimescaleDB has made by itself meanwhile.
async fn restore(
    ends: &Ends<'_>,
    directory: &TempDir,
    section: Section<'_>,
) -> Result<(), CopyError> {
    let mut listing = ends.programs.command("pg_restore", ends.copy);
    let listing = listing.arg("--list").arg(archive(directory));
    let contents = output(ends, listing).await?;
    let kept = contents
        .lines()
        .filter(|line| !line.contains(" ts_insert_blocker "))
        .fold(String::new(), |kept, line| kept + line + "\n");
    let list = directory.path().join("contents");
    std::fs::write(&list, kept).map_err(CopyError::Disk)?;
    let name = match section {
        Section::Before => "pre-data",
        Section::After(_) => "post-data",
    };
    let chosen: [OsString; 4] = [
        format!("--section={name}").into(),
        "--use-list".into(),
        list.into(),
        archive(directory).into(),
    ];
    match section {
        Section::After(hypertables) if !hypertables.is_empty() => {
            restore_with_hypertables(ends, directory, &chosen, hypertables).await
        }
        Section::Before | Section::After(_) => {
            let mut arguments = restore_arguments(ends.copy);
            arguments.extend(chosen);
            ends.programs.run("pg_restore", ends.copy, arguments).await
        }
    }
}

/// A dump says `only` where it gives a table a key, and TimescaleDB refuses that for its own.
async fn restore_with_hypertables(
    ends: &Ends<'_>,
    directory: &TempDir,
    chosen: &[OsString],
    hypertables: &[String],
) -> Result<(), CopyError> {
    let mut writing = ends.programs.command("pg_restore", ends.copy);
    let text = output(ends, writing.arg("--file=-").args(chosen)).await?;
    let text = text.lines().fold(String::new(), |text, line| {
        let named = line.strip_prefix("ALTER TABLE ONLY ").and_then(|rest| {
            hypertables.iter().find(|name| rest.split(' ').next() == Some(name.as_str()))
        });
        match named {
            Some(_) => text + &line.replacen("ALTER TABLE ONLY ", "ALTER TABLE ", 1) + "\n",
            None => text + line + "\n",
        }
    });
    let path = directory.path().join("schema.sql");
    std::fs::write(&path, text).map_err(CopyError::Disk)?;
    ends.programs.run("psql", ends.copy, psql_arguments(&path)).await
}

/// Runs a program for what it writes.
async fn output(ends: &Ends<'_>, command: &mut Command) -> Result<String, CopyError> {
    let output =
        command.output().await.map_err(|source| ends.programs.missing("pg_restore", source))?;
    judged("pg_restore", &output)?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Returns the names of hypertables as a dump quotes them.
async fn names_in_dump(
    snapshot: &Snapshot,
    hypertables: &[&Table],
) -> Result<Vec<String>, CopyError> {
    let quoted: Vec<String> = hypertables.iter().map(|table| table.quoted()).collect();
    let statement = "select format('%I.%I', n.nspname, c.relname)
        from unnest($1::text[]) as name
        join pg_class as c on c.oid = to_regclass(name)
        join pg_namespace as n on n.oid = c.relnamespace";
    let rows = snapshot
        .client()
        .query(statement, &[&quoted])
        .await
        .map_err(doing("name the hypertables"))?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Returns the chunks, as patterns that `pg_dump` takes: they are made anew when rows come.
async fn chunks(snapshot: &Snapshot) -> Result<Vec<String>, CopyError> {
    let statement =
        "select format('%s.%s', to_json(k.schema_name::text), to_json(k.table_name::text))
        from _timescaledb_catalog.chunk as k
        join pg_namespace as n on n.nspname = k.schema_name
        join pg_class as c on c.relnamespace = n.oid and c.relname = k.table_name
        order by 1";
    let rows = snapshot.client().query(statement, &[]).await.map_err(doing("list the chunks"))?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// A dump of the schema does not know of compression and continuous aggregates: those are rows of
/// TimescaleDB's own tables.
async fn refuse_what_only_a_whole_copy_has(snapshot: &Snapshot) -> Result<(), CopyError> {
    let statement = "select
            (select count(*) from timescaledb_information.continuous_aggregates),
            (select count(*) from timescaledb_information.hypertables where compression_enabled)";
    let row = snapshot
        .client()
        .query_one(statement, &[])
        .await
        .map_err(doing("look what TimescaleDB does"))?;
    let (aggregates, compressed): (i64, i64) = (row.get(0), row.get(1));
    if aggregates + compressed == 0 {
        return Ok(());
    }
    Err(CopyError::Unsampleable {
        reason: format!(
            "{aggregates} continuous aggregates and {compressed} compressed hypertables are not part \
             of a schema's dump; take a clone or a dump, or prepare the schema by its migrations"
        ),
    })
}

/// Turns a table of the copy into what it is in the source.
async fn make_hypertable(
    snapshot: &Snapshot,
    target: &Client,
    table: &Table,
) -> Result<(), CopyError> {
    let statement = "select d.column_name::text, d.interval_length, d.num_slices,
            h.associated_schema_name::text, n.nspname::text,
            case when d.integer_now_func is not null
                then format('%I.%I', d.integer_now_func_schema, d.integer_now_func) end,
            format_type(d.column_type, null) in ('smallint', 'integer', 'bigint')
        from _timescaledb_catalog.hypertable as h
        join _timescaledb_catalog.dimension as d on d.hypertable_id = h.id
        cross join pg_extension as e
        join pg_namespace as n on n.oid = e.extnamespace
        where e.extname = 'timescaledb' and h.schema_name = $1 and h.table_name = $2
        order by d.id";
    let action = || format!("make {} a hypertable of the copy", table.shown());
    let rows = snapshot
        .client()
        .query(statement, &[&table.schema, &table.name])
        .await
        .map_err(doing(action()))?;
    for (place, row) in rows.iter().enumerate() {
        let (column, home): (&str, &str) = (row.get(0), row.get(4));
        let (home, relation) = (identifier(home), literal(&table.quoted()));
        let column = literal(column);
        let interval: Option<i64> = row.get(1);
        let slices: Option<i16> = row.get(2);
        // Of times, an interval is told in microseconds; of whole numbers, it is what it is.
        let is_number: bool = row.get(6);
        let interval = interval.map(|length| match is_number {
            true => format!("{length}::bigint"),
            false => format!("{length} * interval '1 microsecond'"),
        });
        let call = match (place, interval, slices) {
            (0, Some(interval), _) => format!(
                "select {home}.create_hypertable({relation}::regclass, {column}::name, \
                 chunk_time_interval => {interval}, create_default_indexes => false, \
                 associated_schema_name => {})",
                literal(row.get(3))
            ),
            (_, Some(interval), _) => format!(
                "select {home}.add_dimension({relation}::regclass, {column}::name, \
                 chunk_time_interval => {interval})"
            ),
            (_, None, slices) => format!(
                "select {home}.add_dimension({relation}::regclass, {column}::name, \
                 number_partitions => {})",
                slices.unwrap_or(1)
            ),
        };
        target.batch_execute(&call).await.map_err(doing(action()))?;
        if let Some(now) = row.get::<_, Option<String>>(5) {
            let call = format!(
                "select {home}.set_integer_now_func({relation}::regclass, {}::regproc)",
                literal(&now)
            );
            target.batch_execute(&call).await.map_err(doing(action()))?;
        }
    }
    Ok(())
}
