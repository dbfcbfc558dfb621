//! A schema as one value: objects by what they are called, each with the facts that are compared.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The shape of a snapshot; another shape is not read.
const FORMAT: u32 = 1;

/// What kind of thing an object is, in the order in which they can be created.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A role that comes with the schema, though it belongs to the server.
    Role,
    /// An extension: what it owns is its own.
    Extension,
    /// A schema.
    Schema,
    /// An enum, domain, composite type or range.
    Type,
    /// A function, procedure, window function or aggregate.
    Routine,
    /// A table, partitioned or not.
    Table,
    /// A column of a table.
    Column,
    /// A sequence that no identity column owns.
    Sequence,
    /// A column's default.
    Default,
    /// A primary key, unique key, check, reference or exclusion.
    Constraint,
    /// An index that no constraint owns.
    Index,
    /// Extended statistics.
    Statistics,
    /// TimescaleDB's settings of a table.
    Hypertable,
    /// TimescaleDB's continuous aggregate.
    ContinuousAggregate,
    /// A view.
    View,
    /// A materialised view.
    MaterializedView,
    /// A rule.
    Rule,
    /// A trigger.
    Trigger,
    /// A trigger of the whole database.
    EventTrigger,
    /// A row security policy.
    Policy,
    /// TimescaleDB's policy: a job on a hypertable or aggregate.
    Job,
    /// Rights that objects of a role will have.
    DefaultRights,
    /// Rights of a role on an object.
    Grant,
}

impl Kind {
    /// Returns the word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::Extension => "extension",
            Self::Schema => "schema",
            Self::Type => "type",
            Self::Routine => "function",
            Self::Table => "table",
            Self::Column => "column",
            Self::Sequence => "sequence",
            Self::Default => "default",
            Self::Constraint => "constraint",
            Self::Index => "index",
            Self::Statistics => "statistics",
            Self::Hypertable => "hypertable",
            Self::ContinuousAggregate => "continuous aggregate",
            Self::View => "view",
            Self::MaterializedView => "materialised view",
            Self::Rule => "rule",
            Self::Trigger => "trigger",
            Self::EventTrigger => "event trigger",
            Self::Policy => "policy",
            Self::Job => "policy job",
            Self::DefaultRights => "default rights",
            Self::Grant => "grant",
        }
    }
}

/// What an object is called. Names are written as SQL needs them, in quotes where it does.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub struct Key {
    /// What it is.
    pub kind: Kind,
    /// Its schema; none for what belongs to the whole database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// What it is a part of: a column's table; of rights, what they are on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relation: Option<String>,
    /// Its own name; of a function with the types of its arguments, of rights who has them.
    pub name: String,
}

impl Key {
    /// Returns the name with its schema.
    pub fn qualified(&self) -> String {
        match &self.schema {
            Some(schema) => format!("{schema}.{}", self.name),
            None => self.name.clone(),
        }
    }

    /// Returns the relation it is a part of, with its schema.
    pub fn qualified_relation(&self) -> String {
        let relation = self.relation.as_deref().unwrap_or_default();
        match &self.schema {
            Some(schema) => format!("{schema}.{relation}"),
            None => relation.to_owned(),
        }
    }

    /// Returns the key of an object of another kind with the name of this one's relation.
    pub(super) fn relation_as(&self, kind: Kind) -> Option<Self> {
        let name = self.relation.clone()?;
        Some(Self { kind, schema: self.schema.clone(), relation: None, name })
    }
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.kind.word();
        match self.kind {
            Kind::Column => write!(formatter, "{word} {}.{}", self.qualified_relation(), self.name),
            Kind::Default => {
                write!(formatter, "{word} of {}.{}", self.qualified_relation(), self.name)
            }
            Kind::Constraint
            | Kind::Index
            | Kind::Rule
            | Kind::Trigger
            | Kind::Policy
            | Kind::Job => {
                write!(formatter, "{word} {} on {}", self.name, self.qualified_relation())
            }
            Kind::Grant => {
                let on = self.relation.as_deref().unwrap_or_default();
                write!(formatter, "{word} on {on} to {}", self.name)
            }
            Kind::DefaultRights => {
                let role = self.relation.as_deref().unwrap_or_default();
                write!(formatter, "{word} on {} of {role}", self.name)?;
                match &self.schema {
                    Some(schema) => write!(formatter, " in schema {schema}"),
                    None => Ok(()),
                }
            }
            _ => write!(formatter, "{word} {}", self.qualified()),
        }
    }
}

/// An object: the facts that are compared, and what it takes to make it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    /// What is compared, each fact under its name. What is as usual is not in it.
    #[serde(default)]
    pub facts: BTreeMap<String, String>,
    /// How the server itself would make it, where facts alone do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ddl: Option<String>,
    /// What it cannot be without.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub requires: BTreeSet<Key>,
}

impl Object {
    /// Returns a fact; what is as usual is empty.
    pub fn fact(&self, name: &str) -> &str {
        self.facts.get(name).map_or("", String::as_str)
    }
}

/// A schema as one value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Snapshot", into = "Snapshot")]
pub struct Schema {
    /// The server's major version.
    pub server_version: u32,
    /// What is there.
    pub objects: BTreeMap<Key, Object>,
}

impl Schema {
    /// Returns an object.
    pub fn get(&self, key: &Key) -> Option<&Object> {
        self.objects.get(key)
    }

    /// Returns a key as this schema has it.
    pub(super) fn key(&self, key: &Key) -> Option<&Key> {
        self.objects.get_key_value(key).map(|(known, _)| known)
    }

    /// Returns a hash of everything that is compared: two databases have the same if and only if they
    /// do not differ. What is compared may grow with the program's version, and so may the hash change.
    pub fn fingerprint(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        // Each text is preceded by its length, so that no two lists of texts give the same bytes.
        let mut take = |text: &str| {
            hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
        };
        for (key, object) in &self.objects {
            for part in [&key.schema, &key.relation] {
                take(if part.is_some() { "some" } else { "none" });
                take(part.as_deref().unwrap_or_default());
            }
            take(key.kind.word());
            take(&key.name);
            take(&object.facts.len().to_string());
            for (name, value) in &object.facts {
                take(name);
                take(value);
            }
        }
        hasher.finalize().to_hex().to_string()
    }

    /// Reads a snapshot that was saved as JSON.
    ///
    /// # Errors
    /// Refuses what is no snapshot of this shape.
    pub fn from_json(text: &str) -> Result<Self, SnapshotError> {
        serde_json::from_str(text).map_err(SnapshotError)
    }

    /// Writes a snapshot as JSON.
    pub fn to_json(&self) -> String {
        // Only maps whose keys are no text cannot be written, and a snapshot has none.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}

/// Why a file is no snapshot.
#[derive(Debug, thiserror::Error)]
#[error("this is no snapshot of a schema that this program wrote: {0}")]
pub struct SnapshotError(serde_json::Error);

/// A schema as it is kept in files.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Snapshot {
    format: u32,
    server_version: u32,
    objects: Vec<Entry>,
}

/// An object as it is kept in files.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Entry {
    #[serde(flatten)]
    key: Key,
    #[serde(flatten)]
    object: Object,
}

impl From<Schema> for Snapshot {
    fn from(schema: Schema) -> Self {
        let objects = schema.objects.into_iter().map(|(key, object)| Entry { key, object });
        Self { format: FORMAT, server_version: schema.server_version, objects: objects.collect() }
    }
}

impl TryFrom<Snapshot> for Schema {
    type Error = String;

    fn try_from(snapshot: Snapshot) -> Result<Self, String> {
        if snapshot.format != FORMAT {
            return Err(format!(
                "it has format {}, and this program reads format {FORMAT}",
                snapshot.format
            ));
        }
        Ok(Self {
            server_version: snapshot.server_version,
            objects: snapshot.objects.into_iter().map(|entry| (entry.key, entry.object)).collect(),
        })
    }
}
