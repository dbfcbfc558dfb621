//! Builds indexes on a copy, and gives them back.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use schemars::JsonSchema;
use serde::Serialize;
use tokio_postgres::Client;

use super::error::doing;
use super::{Copy, Measured, ProofError};
use crate::advice::AdvisedIndex;
use crate::indexes::{Index, Rejected};
use crate::plans::quoted;

/// An index as it was built.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Built {
    /// Its name.
    pub name: String,
    /// What it is made of.
    pub definition: String,
    /// How many bytes it takes.
    pub bytes: i64,
    /// How long building it took.
    pub build_ms: f64,
    /// What plans call it: its name, and those of its parts on partitions.
    #[serde(skip)]
    pub(super) names: BTreeSet<String>,
}

/// What is built on a copy.
pub(super) struct Bench<'c> {
    pub(super) client: &'c Client,
    copy: &'c Copy,
    built: BTreeMap<Index, Built>,
}

/// An index with its parts on partitions.
const NAMES: &str = "
    with recursive below as (
        select to_regclass($1)::oid as oid
        union all
        select inhrelid from below join pg_inherits on inhparent = below.oid
    )
    select relname::text from below join pg_class using (oid)";

/// What all indexes of a table with its partitions and chunks take.
const SIZE: &str = "
    with recursive below as (
        select to_regclass($1)::oid as oid
        union all
        select inhrelid from below join pg_inherits on inhparent = below.oid
    )
    select coalesce(sum(pg_indexes_size(oid)), 0)::bigint from below";

impl<'c> Bench<'c> {
    pub(super) const fn of(client: &'c Client, copy: &'c Copy) -> Self {
        Self { client, copy, built: BTreeMap::new() }
    }

    /// Makes exactly these indexes be there; answers those that the server refused.
    pub(super) async fn build(
        &mut self,
        wanted: &[AdvisedIndex],
    ) -> Result<Vec<(Index, Rejected)>, ProofError> {
        let gone: Vec<Index> = self
            .built
            .keys()
            .filter(|known| wanted.iter().all(|it| it.index != **known))
            .cloned()
            .collect();
        for index in gone {
            self.remove(&index).await?;
        }
        let mut refused = Vec::new();
        for advised in wanted {
            if self.built.contains_key(&advised.index) {
                continue;
            }
            match self.make(advised).await? {
                Ok(built) => {
                    self.built.insert(advised.index.clone(), built);
                }
                Err(reason) => {
                    let rejected = Rejected::index(&advised.index, "refused-by-the-server", reason);
                    refused.push((advised.index.clone(), rejected));
                }
            }
        }
        Ok(refused)
    }

    async fn make(&self, advised: &AdvisedIndex) -> Result<Result<Built, String>, ProofError> {
        let before = self.size(&advised.index.table).await?;
        let started = Instant::now();
        let create = format!("create index {} on {}", quoted(&advised.name), advised.definition);
        let made = self.copy.make(self.client, &create).await;
        if let Err(reason) = made.map_err(doing("build an index on the copy"))? {
            return Ok(Err(reason));
        }
        let build_ms = started.elapsed().as_secs_f64() * 1_000.0;
        if advised.index.keys.iter().any(|key| key.column.is_none()) {
            // An expression has statistics from here on.
            let analyze = format!("analyze {}", advised.index.table);
            self.client.batch_execute(&analyze).await.map_err(doing("analyze a table"))?;
        }
        let bytes = self.size(&advised.index.table).await? - before;
        let definition = advised.definition.clone();
        let names = self.client.query(NAMES, &[&in_schema(&advised.index, &advised.name)]).await;
        let names = names.map_err(doing("name an index's parts"))?;
        let names = names.iter().map(|row| row.get(0)).collect();
        Ok(Ok(Built { name: advised.name.clone(), definition, bytes, build_ms, names }))
    }

    async fn size(&self, table: &str) -> Result<i64, ProofError> {
        let row = self.client.query_one(SIZE, &[&table]).await;
        Ok(row.map_err(doing("measure an index"))?.get(0))
    }

    /// Gives an index back.
    pub(super) async fn remove(&mut self, index: &Index) -> Result<(), ProofError> {
        let Some(built) = self.built.remove(index) else { return Ok(()) };
        let drop_it = format!("drop index if exists {}", in_schema(index, &built.name));
        self.client.batch_execute(&drop_it).await.map_err(doing("drop an index on the copy"))
    }

    /// Whether a measured plan used an index, or a part of it.
    pub(super) fn is_used(&self, index: &Index, measured: &Measured) -> bool {
        self.is_among(index, &measured.indexes)
    }

    /// Whether an index, or a part of it, is among those that a plan names.
    pub(super) fn is_among(&self, index: &Index, names: &BTreeSet<String>) -> bool {
        self.built.get(index).is_some_and(|built| {
            // Chunks put their own name before that of the index.
            let of_chunk = format!("_{}", built.name);
            names.iter().any(|used| built.names.contains(used) || used.ends_with(&of_chunk))
        })
    }

    /// Returns how many bytes each takes.
    pub(super) fn sizes(&self) -> impl Iterator<Item = (&Index, f64)> {
        self.built.iter().map(|(index, built)| (index, built.bytes as f64))
    }

    /// Returns how many bytes all take together.
    pub(super) fn bytes(&self) -> f64 {
        self.sizes().map(|(_, bytes)| bytes).sum()
    }

    /// Returns what is built.
    pub(super) fn built(&self) -> Vec<Built> {
        self.built.values().cloned().collect()
    }

    /// Returns the tables that got indexes.
    pub(super) fn tables(&self) -> Vec<String> {
        let mut tables: Vec<String> = self.built.keys().map(|index| index.table.clone()).collect();
        tables.dedup();
        tables
    }

    /// Returns the indexes of a table, as statements that drop them name them.
    pub(super) fn names(&self, table: &str) -> Vec<String> {
        let of_table = self.built.iter().filter(|(index, _)| index.table == table);
        of_table.map(|(index, built)| in_schema(index, &built.name)).collect()
    }
}

fn in_schema(index: &Index, name: &str) -> String {
    match index.table.rsplit_once('.') {
        Some((schema, _)) => format!("{schema}.{}", quoted(name)),
        None => quoted(name),
    }
}
