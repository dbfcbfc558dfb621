//! A statement, and what running it means.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use crate::drift::schema::{Key, Kind, Schema};

/// How a statement runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Running {
    /// In a transaction, with others if wanted.
    InTransaction,
    /// By itself: the server refuses it in a transaction, or a transaction would hold its lock too long.
    Alone,
}

/// What a statement costs. They are in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Weight {
    /// The catalog changes and nothing else; it can be taken back.
    Light,
    /// Rows are read or rewritten, or an index is built.
    Heavy,
    /// Rows or values are lost.
    Destroys,
}

/// A statement of a reconciliation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Statement {
    /// The statement, without a semicolon.
    pub sql: String,
    /// What it is about.
    pub about: String,
    /// What it costs.
    pub weight: Weight,
    /// How it runs.
    pub running: Running,
}

impl Statement {
    /// A statement that changes the catalog only.
    pub(super) fn light(key: &Key, sql: impl Into<String>) -> Self {
        Self {
            sql: sql.into(),
            about: key.to_string(),
            weight: Weight::Light,
            running: Running::InTransaction,
        }
    }

    /// The same, but it reads or rewrites rows.
    pub(super) const fn heavy(mut self) -> Self {
        self.weight = Weight::Heavy;
        self
    }

    /// The same, but rows or values are lost.
    pub(super) const fn destroying(mut self) -> Self {
        self.weight = Weight::Destroys;
        self
    }

    /// The same, but by itself.
    pub(super) const fn alone(mut self) -> Self {
        self.running = Running::Alone;
        self
    }

    /// Whether it changes the type of a column.
    pub(super) fn changes_type(&self) -> bool {
        self.sql.contains(" alter column ") && self.sql.contains(" type ")
    }
}

/// What statements are written for.
pub(super) struct Site<'s> {
    pub(super) live: &'s Schema,
    pub(super) declared: &'s Schema,
    /// What is made, parts of it included.
    pub(super) created: &'s BTreeSet<Key>,
}

impl Site<'_> {
    /// Whether a relation is new, so that nobody is disturbed and nothing takes time.
    pub(super) fn is_new(&self, key: &Key) -> bool {
        [Kind::Table, Kind::MaterializedView]
            .into_iter()
            .filter_map(|kind| key.relation_as(kind))
            .any(|relation| self.created.contains(&relation))
    }

    /// Whether the relation is made of others, where some statements are not possible.
    pub(super) fn is_made_of_parts(&self, key: &Key) -> bool {
        let is_partitioned = key
            .relation_as(Kind::Table)
            .and_then(|table| self.declared.get(&table).or_else(|| self.live.get(&table)))
            .is_some_and(|table| !table.fact("partitioned by").is_empty());
        let is_hypertable = key
            .relation_as(Kind::Hypertable)
            .is_some_and(|it| self.declared.get(&it).is_some() || self.live.get(&it).is_some());
        is_partitioned || is_hypertable
    }

    /// Returns the schema that TimescaleDB's functions are in.
    pub(super) fn timescale_schema(&self) -> &str {
        let key = Key {
            kind: Kind::Extension,
            schema: None,
            relation: None,
            name: "timescaledb".to_owned(),
        };
        let found = self.live.get(&key).or_else(|| self.declared.get(&key));
        found
            .map(|extension| extension.fact("schema"))
            .filter(|it| !it.is_empty())
            .unwrap_or("public")
    }
}

/// Writes a text as SQL does.
pub(super) fn quoted(text: &str) -> String {
    let doubled = text.replace('\'', "''");
    if text.contains('\\') {
        format!("E'{}'", doubled.replace('\\', "\\\\"))
    } else {
        format!("'{doubled}'")
    }
}
