//! Reads rows under one snapshot, and writes them into the copy.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures::{SinkExt, TryStreamExt};
use shelfops_connection::Address;
use tokio_postgres::Client;

use super::portion::{Portion, Saying};
use super::{Choice, Copied};
use crate::rehearsal::copy::error::doing;
use crate::rehearsal::copy::{APPLICATION, CopyError};
use crate::rehearsal::progress::{Progress, Watch};
use crate::rehearsal::tables::{Reference, Shape, Table, identifier, identifiers, literal};

/// How many keys one statement asks for.
const KEYS_AT_ONCE: usize = 5_000;

/// The state of the source at one moment.
pub(super) struct Snapshot {
    client: Client,
    name: String,
}

impl Snapshot {
    /// Takes it. Reading under it fails where row security would hide rows, instead of hiding them.
    pub(super) async fn take(source: &Address) -> Result<Self, CopyError> {
        let client = source.connect(APPLICATION).await.map_err(|error| CopyError::Unreachable {
            database: source.database().to_owned(),
            source: error,
        })?;
        let begin = "begin isolation level repeatable read read only;
            set local row_security = off;
            set local statement_timeout = 0;
            set local idle_in_transaction_session_timeout = 0;
            set local datestyle = iso;
            set local intervalstyle = postgres;
            set local extra_float_digits = 3";
        client.batch_execute(begin).await.map_err(doing("begin to read"))?;
        let row = client
            .query_one("select pg_export_snapshot()", &[])
            .await
            .map_err(doing("take a snapshot"))?;
        Ok(Self { client, name: row.get(0) })
    }

    pub(super) const fn client(&self) -> &Client {
        &self.client
    }

    /// The name under which other sessions see the same.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Gives it up.
    pub(super) async fn end(self) {
        // A connection that is lost ends it too.
        let _ = self.client.batch_execute("rollback").await;
    }
}

/// Copies rows from one database into another.
pub(super) struct Rows<'r> {
    snapshot: &'r Snapshot,
    target: &'r Client,
    tables: &'r [Table],
    known: &'r [Table],
    watch: Watch<'r>,
    copied: BTreeMap<u32, u64>,
}

impl<'r> Rows<'r> {
    pub(super) fn new(
        snapshot: &'r Snapshot,
        target: &'r Client,
        tables: &'r [Table],
        known: &'r [Table],
        watch: Watch<'r>,
    ) -> Self {
        Self { snapshot, target, tables, known, watch, copied: BTreeMap::new() }
    }

    /// Empties the copy and sees to it that nothing there answers to the rows that come: a schema that is
    /// complete has triggers, keys, and rows of its own making.
    pub(super) async fn make_room(&self) -> Result<(), CopyError> {
        let ready = "set session_replication_role = replica";
        self.target.batch_execute(ready).await.map_err(doing("silence the copy's triggers"))?;
        let names: Vec<String> =
            self.tables.iter().filter_map(|table| Some(self.twin(table)?.quoted())).collect();
        if names.is_empty() {
            return Ok(());
        }
        let statement = format!("truncate {}", names.join(", "));
        self.target.batch_execute(&statement).await.map_err(doing("empty the copy"))
    }

    /// The table of the same name in the copy.
    fn twin(&self, table: &Table) -> Option<&'r Table> {
        self.known.iter().find(|it| it.schema == table.schema && it.name == table.name)
    }

    /// Copies what is taken of each table.
    pub(super) async fn copy(
        &mut self,
        portions: &BTreeMap<u32, Portion>,
        references: &[Reference],
        choice: &Choice,
    ) -> Result<(), CopyError> {
        let saying = Saying { tables: self.tables, references, portions, choice };
        let count = u64::try_from(self.tables.len()).ok();
        for (place, table) in self.tables.iter().enumerate() {
            if self.twin(table).is_none() {
                continue;
            }
            (self.watch)(Progress {
                doing: format!("copying rows of {}", table.shown()),
                done: u64::try_from(place).unwrap_or_default(),
                of: count,
            });
            for condition in saying.conditions(table) {
                self.transfer(table, &format!("where {condition}")).await?;
            }
        }
        Ok(())
    }

    /// Fetches what copied rows refer to, and what that refers to, until nothing is missing.
    pub(super) async fn fetch_references(
        &mut self,
        portions: &BTreeMap<u32, Portion>,
        references: &[Reference],
        choice: &Choice,
    ) -> Result<(), CopyError> {
        let saying = Saying { tables: self.tables, references, portions, choice };
        let open = saying.open_references();
        loop {
            let mut fetched = 0;
            for reference in &open {
                fetched += self.fetch(reference).await?;
            }
            if fetched == 0 {
                return Ok(());
            }
        }
    }

    async fn fetch(&mut self, reference: &Reference) -> Result<u64, CopyError> {
        let table = |oid| self.tables.iter().find(|table| table.oid == oid);
        let (Some(from), Some(to)) = (table(reference.from), table(reference.to)) else {
            return Ok(0);
        };
        if self.twin(from).is_none() || self.twin(to).is_none() {
            return Ok(0);
        }
        let keys = self.missing(from, to, reference).await?;
        let mut fetched = 0;
        for some in keys.chunks(KEYS_AT_ONCE) {
            fetched += self.transfer(to, &by_keys(to, reference, some)).await?;
        }
        // What the source itself misses, a key that was never validated allows.
        Ok(fetched)
    }

    /// Returns the keys that rows of the copy refer to and that the copy has not, as text.
    async fn missing(
        &self,
        from: &Table,
        to: &Table,
        reference: &Reference,
    ) -> Result<Vec<Vec<String>>, CopyError> {
        let pairs = || reference.columns.iter().zip(&reference.to_columns);
        let texts = pairs().map(|(own, _)| format!("own.{}::text", identifier(own)));
        let present = pairs().map(|(own, _)| format!("own.{} is not null", identifier(own)));
        let equal = pairs()
            .map(|(own, theirs)| format!("other.{} = own.{}", identifier(theirs), identifier(own)));
        let joined =
            |parts: &mut dyn Iterator<Item = String>, by: &str| parts.collect::<Vec<_>>().join(by);
        let statement = format!(
            "select distinct array[{}] from {} as own where {} and not exists \
             (select from {} as other where {})",
            joined(&mut texts.into_iter(), ", "),
            from.source(),
            joined(&mut present.into_iter(), " and "),
            to.source(),
            joined(&mut equal.into_iter(), " and "),
        );
        let action = format!("look what {} refers to", from.shown());
        let rows = self.target.query(&statement, &[]).await.map_err(doing(action))?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// Copies the rows that a condition, with its `where` or joins, leaves of a table called `row_0`.
    async fn transfer(&mut self, table: &Table, condition: &str) -> Result<u64, CopyError> {
        let Some(twin) = self.twin(table) else { return Ok(0) };
        let columns: Vec<&String> = table
            .columns
            .iter()
            .filter(|column| !column.is_generated && twin.column(&column.name).is_some())
            .map(|column| &column.name)
            .collect();
        let failed = || doing(format!("copy rows of {}", table.shown()));
        let reading = format!(
            "copy (select {} from {} as row_0 {condition}) to stdout",
            identifiers("row_0.", columns.iter().copied()),
            table.source()
        );
        let writing = format!("copy {} ({}) from stdin", twin.quoted(), identifiers("", columns));
        let rows = self.snapshot.client.copy_out(&reading).await.map_err(failed())?;
        let sink = self.target.copy_in::<_, Bytes>(&writing).await.map_err(failed())?;
        let mut rows = std::pin::pin!(rows);
        let mut sink = std::pin::pin!(sink);
        while let Some(block) = rows.try_next().await.map_err(failed())? {
            sink.feed(block).await.map_err(failed())?;
        }
        let written = sink.finish().await.map_err(failed())?;
        *self.copied.entry(table.oid).or_default() += written;
        Ok(written)
    }

    /// Says how much of each table was copied.
    pub(super) fn into_copied(self) -> Vec<Copied> {
        let copied = |table: &Table| {
            let rows = self.copied.get(&table.oid).copied().unwrap_or_default();
            let of = u64::try_from(table.rows).unwrap_or_default();
            Copied {
                schema: table.schema.clone(),
                name: table.name.clone(),
                rows,
                // Counted rows are surer than an estimate that is smaller.
                of: of.max(rows),
            }
        };
        self.tables.iter().map(copied).collect()
    }
}

/// Says which rows have one of the keys.
fn by_keys(table: &Table, reference: &Reference, keys: &[Vec<String>]) -> String {
    let arrays = reference.to_columns.iter().enumerate().map(|(place, name)| {
        let data_type = table.column(name).map_or("text", |column| column.data_type.as_str());
        let values: Vec<String> = keys
            .iter()
            .map(|key| format!("\"{}\"", key[place].replace('\\', "\\\\").replace('"', "\\\"")))
            .collect();
        format!("{}::text[]::{data_type}[]", literal(&format!("{{{}}}", values.join(","))))
    });
    let arrays: Vec<String> = arrays.collect();
    format!(
        "where ({}) in (select * from unnest({}))",
        identifiers("row_0.", &reference.to_columns),
        arrays.join(", ")
    )
}

/// Whether a table can be read by parts that TimescaleDB keeps.
pub(super) fn is_hypertable(table: &Table) -> bool {
    table.shape == Shape::Hypertable
}
