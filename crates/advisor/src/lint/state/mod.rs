//! What is known of the schema at a point of a script: folded over earlier scripts, over the script so
//! far, and over a live database where one is given.

mod fold;
mod live;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use super::data_type::DataType;
use super::script::Name;

pub use live::{AskError, ask, read as read_live};

/// What is known of a schema.
#[derive(Clone, Debug, Default)]
pub struct SchemaState {
    tables: BTreeMap<String, Table>,
    /// Enums made by the script at hand: their values may be used at once.
    pub(super) new_enums: BTreeSet<String>,
    /// Sequences made by the script at hand: nothing was numbered by them.
    pub(super) new_sequences: BTreeSet<String>,
    /// Domains that look at their values.
    pub(super) checked_domains: BTreeSet<String>,
    /// What is known of roles.
    pub roles: Roles,
    /// Whether a live database was asked: what it does not have is not there.
    pub(super) is_live: bool,
    /// The major version of the server, where one was asked.
    pub server_version: Option<u32>,
}

/// Which roles policies hold for, as far as it is known.
#[derive(Clone, Debug, Default)]
pub struct Roles {
    /// Those that no policy holds for: `superuser`, `bypassrls`.
    pub unbound: BTreeSet<String>,
    /// Those that tables belong to.
    pub owners: BTreeSet<String>,
    /// Those that were given rights on tables, or that a policy is for.
    pub bound: BTreeSet<String>,
}

/// Where a table comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Birth {
    /// It was there before this script: others use it, and it has rows.
    Before,
    /// This script made it: nobody else sees it, so no lock harms anybody.
    Here,
}

/// A table, as far as it is known.
#[derive(Clone, Debug)]
pub struct Table {
    /// Its name.
    pub name: Name,
    /// Where it comes from.
    pub birth: Birth,
    /// Whether all of its columns are known.
    pub is_whole: bool,
    /// Whether it lives for a session.
    pub is_temporary: bool,
    /// Whether it is a view or a materialized view.
    pub kind: Kind,
    /// Its columns.
    pub columns: Vec<KnownColumn>,
    /// Its constraints.
    pub constraints: Vec<KnownConstraint>,
    /// Its indexes, those of keys included.
    pub indexes: Vec<KnownIndex>,
    /// What it is partitioned by: columns of declarative partitioning, or a hypertable's time.
    pub partition_columns: Vec<String>,
    /// The table it is a partition of.
    pub partition_of: Option<Name>,
    /// Whether it is a hypertable.
    pub is_hypertable: bool,
    /// Whether its chunks are or will be compressed.
    pub is_compressed: bool,
    /// `enable row level security`.
    pub has_row_security: bool,
    /// `force row level security`.
    pub is_row_security_forced: bool,
    /// The names of its policies.
    pub policies: Vec<String>,
    /// Whether it is a view or a stored result that shows rows of guarded tables, and keeps nobody apart itself.
    pub shows_guarded: bool,
    /// Whether a function of the profile isolated it.
    pub is_isolated_by_function: bool,
    /// How large it is, where a database was asked.
    pub size: Option<Size>,
}

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Rows of its own.
    Table,
    /// A query.
    View,
    /// A query's stored result.
    MaterializedView,
}

/// How large a table is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Its rows, as the last `analyze` estimated them.
    pub rows: i64,
    /// Its bytes, with indexes and partitions.
    pub bytes: i64,
}

/// A column.
#[derive(Clone, Debug)]
pub struct KnownColumn {
    /// Its name.
    pub name: String,
    /// Its type.
    pub data_type: DataType,
    /// Its collation, none for the one its type has.
    pub collation: Option<String>,
    /// Whether it is `not null`.
    pub is_required: bool,
    /// How many distinct values it has, as `pg_stats` says: negative is a share of the rows.
    pub distinct: Option<f64>,
}

/// A constraint.
#[derive(Clone, Debug)]
pub struct KnownConstraint {
    /// Its name, as written or as PostgreSQL would make it.
    pub name: String,
    /// What it demands.
    pub kind: KnownKind,
    /// Its columns.
    pub columns: Vec<String>,
    /// Whether all rows are known to keep it.
    pub is_valid: bool,
}

/// What a constraint demands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KnownKind {
    /// A condition, in one line.
    Check(String),
    /// A primary key.
    PrimaryKey,
    /// A unique key.
    Unique,
    /// A foreign key, and the columns it refers to, none for the primary key.
    ForeignKey(Name, Vec<String>),
    /// `not null` as a constraint that may be invalid.
    NotNull,
    /// Anything else.
    Other,
}

/// An index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownIndex {
    /// Its name, where it is known.
    pub name: Option<Name>,
    /// The access method.
    pub method: String,
    /// What it is on: columns with order and operator class as they are written.
    pub keys: Vec<String>,
    /// Columns that are only carried.
    pub included: Vec<String>,
    /// Whether it is unique.
    pub is_unique: bool,
    /// Whether a primary or unique key needs it.
    pub is_of_key: bool,
    /// The condition of a partial index.
    pub condition: Option<String>,
}

impl SchemaState {
    /// Makes everything that is known something that was there before.
    pub fn settle(&mut self) {
        for table in self.tables.values_mut() {
            table.birth = Birth::Before;
        }
        self.new_enums.clear();
        self.new_sequences.clear();
    }

    /// Whether policies or a function of the profile keep tenants apart in a table.
    pub fn is_guarded(&self, name: &Name) -> bool {
        self.table(name).is_some_and(|it| it.has_row_security || it.is_isolated_by_function)
    }

    /// Whether this script made the sequence, or the table that it numbers.
    pub fn is_new_sequence(&self, name: &Name) -> bool {
        let numbers = |table: &Table| {
            let rest = name.name.strip_prefix(table.name.name.as_str());
            table.birth == Birth::Here && rest.is_some_and(|rest| rest.starts_with('_'))
        };
        self.new_sequences.contains(&name.qualified()) || self.tables.values().any(numbers)
    }

    /// Whether a type is a domain that looks at its values.
    pub fn is_checked_domain(&self, data_type: &DataType) -> bool {
        self.checked_domains.contains(&Name::parse(&data_type.name).qualified())
    }

    /// Returns what is known of a table.
    ///
    /// A name without schema is looked up in `public`, and elsewhere where only one schema has it.
    pub fn table(&self, name: &Name) -> Option<&Table> {
        self.key(name).and_then(|key| self.tables.get(&key))
    }

    /// Returns every table.
    pub fn tables(&self) -> impl Iterator<Item = &Table> {
        self.tables.values()
    }

    /// Whether this script made the table, so that nobody can be kept waiting.
    ///
    /// A table nobody told of is taken for one that is there and in use.
    pub fn is_new(&self, name: &Name) -> bool {
        self.table(name).is_some_and(|table| table.birth == Birth::Here || table.is_temporary)
    }

    /// Whether all indexes of a table are known.
    pub fn is_complete(&self, table: &Table) -> bool {
        self.is_live || table.is_whole
    }

    /// Returns the type of a column, where it is known.
    pub fn column(&self, table: &Name, column: &str) -> Option<&KnownColumn> {
        self.table(table)?.column(column)
    }

    /// Returns the table that an index is on, and the index.
    pub fn index(&self, name: &Name) -> Option<(&Table, &KnownIndex)> {
        self.tables.values().find_map(|table| {
            let found = table.indexes.iter().find(|index| {
                index.name.as_ref().is_some_and(|known| known.name == name.name)
                    && name.schema.as_ref().is_none_or(|schema| {
                        table.name.schema.as_deref().unwrap_or("public") == schema
                    })
            })?;
            Some((table, found))
        })
    }

    fn key(&self, name: &Name) -> Option<String> {
        let qualified = name.qualified();
        if self.tables.contains_key(&qualified) {
            return Some(qualified);
        }
        if name.schema.is_some() {
            return None;
        }
        let mut elsewhere = self.tables.iter().filter(|(_, table)| table.name.name == name.name);
        match (elsewhere.next(), elsewhere.next()) {
            (Some((key, _)), None) => Some(key.clone()),
            _ => None,
        }
    }

    fn table_mut(&mut self, name: &Name) -> Option<&mut Table> {
        let key = self.key(name)?;
        self.tables.get_mut(&key)
    }

    /// Returns a table, known or made up as one that was there before.
    fn table_or_unknown(&mut self, name: &Name) -> &mut Table {
        let key = self.key(name).unwrap_or_else(|| name.qualified());
        self.tables
            .entry(key)
            .or_insert_with(|| Table { is_whole: false, ..Table::new(name.clone(), Birth::Before) })
    }

    fn insert(&mut self, table: Table) {
        self.tables.insert(table.name.qualified(), table);
    }
}
