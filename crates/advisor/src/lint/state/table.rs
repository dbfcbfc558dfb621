//! What can be asked of a table.

use super::{Birth, Kind, KnownColumn, KnownConstraint, KnownIndex, KnownKind, Table};
use crate::lint::script::Name;

impl Table {
    /// Makes a table without columns.
    pub(super) fn new(name: Name, birth: Birth) -> Self {
        Self {
            name,
            birth,
            is_whole: true,
            is_temporary: false,
            kind: Kind::Table,
            columns: Vec::new(),
            constraints: Vec::new(),
            indexes: Vec::new(),
            partition_columns: Vec::new(),
            partition_of: None,
            is_hypertable: false,
            is_compressed: false,
            has_row_security: false,
            is_row_security_forced: false,
            policies: Vec::new(),
            shows_guarded: false,
            is_isolated_by_function: false,
            size: None,
        }
    }

    /// Returns a column.
    pub fn column(&self, name: &str) -> Option<&KnownColumn> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Returns the columns of the primary key.
    pub fn primary_key(&self) -> Option<&KnownConstraint> {
        self.constraints.iter().find(|one| one.kind == KnownKind::PrimaryKey)
    }

    /// Whether a row is named by these columns: they contain a whole unique key.
    pub fn is_key(&self, columns: &[String]) -> bool {
        let covers =
            |key: &[String]| !key.is_empty() && key.iter().all(|one| columns.contains(one));
        self.constraints
            .iter()
            .filter(|one| matches!(one.kind, KnownKind::PrimaryKey | KnownKind::Unique))
            .any(|one| covers(&one.columns))
            || self.indexes.iter().any(|index| {
                index.is_unique && index.condition.is_none() && covers(&index.columns())
            })
    }

    /// Whether an index finds rows by these columns, in any order.
    pub fn has_index_on(&self, columns: &[String]) -> bool {
        self.indexes.iter().any(|index| {
            let keys = index.columns();
            index.is_complete_for(columns)
                && matches!(index.method.as_str(), "btree" | "hash")
                && keys.len() >= columns.len()
                && columns.iter().all(|column| keys[..columns.len()].contains(column))
        })
    }

    /// Whether checks that all rows are known to keep say that a column is not null.
    pub fn is_proven_not_null(&self, column: &str) -> bool {
        self.constraints.iter().filter(|one| one.is_valid).any(|one| match &one.kind {
            KnownKind::Check(condition) => says_not_null(condition, column),
            KnownKind::NotNull | KnownKind::PrimaryKey => one.columns.iter().any(|it| it == column),
            _ => false,
        })
    }
}

/// Whether a condition is `column is not null`, alone or joined to others by `and`.
fn says_not_null(condition: &str, column: &str) -> bool {
    let condition = condition.to_lowercase();
    if condition.split_whitespace().any(|word| word == "or") {
        return false;
    }
    let wanted = format!("{column} is not null");
    condition
        .split(" and ")
        .map(|term| term.replace(['(', ')', '"'], " "))
        .any(|term| term.split_whitespace().collect::<Vec<_>>().join(" ") == wanted)
}

impl KnownIndex {
    /// Returns the columns of its keys, without order and operator class; expressions as they are.
    pub fn columns(&self) -> Vec<String> {
        self.keys
            .iter()
            .map(|key| {
                let is_expression = key.contains('(');
                let word = key.split_whitespace().next().unwrap_or_default();
                if is_expression { key.clone() } else { word.trim_matches('"').to_owned() }
            })
            .collect()
    }

    /// Whether it is built anew with a change of a column's type that leaves the rows as they are. One that has
    /// an expression or a condition always is; of plain keys, those whose collation becomes another.
    pub fn is_built_anew(&self, column: &str, is_sorted_otherwise: bool) -> bool {
        let names = |text: &str| {
            let is_part = |each: char| each.is_alphanumeric() || each == '_';
            text.split(|each| !is_part(each)).any(|word| word == column)
        };
        let is_plain = |key: &str| !key.contains('(');
        let is_compared = self.condition.is_some() || !self.keys.iter().all(|key| is_plain(key));
        let mut own = self.keys.iter().chain(&self.included).chain(&self.condition);
        (is_compared && own.any(|text| names(text)))
            || (is_sorted_otherwise
                && self.keys.iter().zip(self.columns()).any(|(key, plain)| {
                    plain == column && is_plain(key) && !key.contains(" collate ")
                }))
    }

    /// Whether rows with values in these columns are all in it: it is not partial, or its condition
    /// only leaves out those without a value there.
    fn is_complete_for(&self, columns: &[String]) -> bool {
        match self.condition.as_deref() {
            None => true,
            Some(condition) => columns.iter().any(|column| says_not_null(condition, column)),
        }
    }

    /// Whether another index serves whatever this one serves: its keys begin with ours, and it is no
    /// narrower otherwise.
    pub fn is_covered_by(&self, other: &Self) -> bool {
        let begins =
            other.keys.len() >= self.keys.len() && other.keys[..self.keys.len()] == self.keys[..];
        let is_longer = other.keys.len() > self.keys.len();
        begins
            && self.method == other.method
            && (self.method == "btree" || !is_longer)
            && self.condition == other.condition
            && (!self.is_unique || (other.is_unique && !is_longer))
            && self
                .included
                .iter()
                .all(|one| other.included.contains(one) || other.columns().contains(one))
    }
}
