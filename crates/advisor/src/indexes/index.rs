//! An index that could be: what it is made of, how it is written, and whether another one makes it needless.

use std::fmt::Write;

use schemars::JsonSchema;
use serde::Serialize;

use crate::plans::quoted;

/// The longest name that the server keeps.
const LONGEST_NAME: usize = 63;

/// An index that could be.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Index {
    /// The table, as SQL names it; of partitions or chunks the whole.
    pub table: String,
    /// How it is organised.
    pub method: Method,
    /// What it is ordered by.
    pub keys: Vec<Key>,
    /// Columns that it holds besides, so that the table need not be looked at.
    pub included: Vec<String>,
    /// Which rows it has, where not all.
    pub predicate: Option<String>,
}

/// How an index is organised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// A sorted tree.
    Btree,
    /// The bounds of each stretch of pages.
    Brin,
}

/// One thing that an index is ordered by.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Key {
    /// The column, or an expression in brackets, as SQL writes it.
    pub sql: String,
    /// The column's name, unless it is an expression.
    pub column: Option<String>,
    /// An operator class other than the type's own.
    pub class: Option<&'static str>,
    /// Whether the largest comes first.
    pub is_descending: bool,
    /// Whether rows without a value come first; the opposite of what the direction implies is written.
    pub nulls_first: bool,
}

impl Method {
    /// Returns its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Btree => "btree",
            Self::Brin => "brin",
        }
    }
}

impl Key {
    /// Makes a key of a column, smallest first.
    pub(crate) fn column(name: &str) -> Self {
        Self {
            sql: quoted(name),
            column: Some(name.to_owned()),
            class: None,
            is_descending: false,
            nulls_first: false,
        }
    }

    /// Makes a key of an expression.
    pub(crate) fn expression(sql: &str) -> Self {
        Self { sql: format!("({sql})"), column: None, ..Self::column("") }
    }

    /// Makes it go the other way, rows without a value where PostgreSQL puts them.
    #[cfg(test)]
    pub(crate) fn descending(self) -> Self {
        Self { is_descending: true, nulls_first: true, ..self }
    }

    /// Writes it as an index has it.
    pub(crate) fn written(&self) -> String {
        let mut text = self.sql.clone();
        if let Some(class) = self.class {
            let _ = write!(text, " {class}");
        }
        if self.is_descending {
            text.push_str(" desc");
        }
        if self.nulls_first != self.is_descending {
            text.push_str(if self.nulls_first { " nulls first" } else { " nulls last" });
        }
        text
    }

    /// Whether it is what the catalog says of a key: there a call of a function has no brackets around it.
    pub(crate) fn is_held_as(&self, said: &str) -> bool {
        let inner = self.sql.strip_prefix('(').and_then(|it| it.strip_suffix(')'));
        let is_call =
            |inner: &str| Self { sql: inner.to_owned(), ..self.clone() }.written() == said;
        self.written() == said || (self.column.is_none() && inner.is_some_and(is_call))
    }

    /// What of a name it gives.
    fn word(&self) -> String {
        let words = self.sql.split(|it: char| !it.is_alphanumeric() && it != '_');
        words.filter(|it| !it.is_empty()).take(2).collect::<Vec<_>>().join("_").to_lowercase()
    }
}

impl Index {
    /// Makes one that is a sorted tree of a table.
    pub(crate) fn btree(table: &str, keys: Vec<Key>) -> Self {
        Self {
            table: table.to_owned(),
            method: Method::Btree,
            keys,
            included: Vec::new(),
            predicate: None,
        }
    }

    /// Writes what stands behind `create index … on` for a table or a part of one.
    pub(crate) fn definition(&self, on: &str) -> String {
        let keys: Vec<String> = self.keys.iter().map(Key::written).collect();
        let method = match self.method {
            Method::Btree => String::new(),
            Method::Brin => "using brin ".to_owned(),
        };
        let mut text = format!("{on} {method}({})", keys.join(", "));
        if !self.included.is_empty() {
            let included: Vec<String> = self.included.iter().map(|it| quoted(it)).collect();
            let _ = write!(text, " include ({})", included.join(", "));
        }
        if let Some(predicate) = &self.predicate {
            let _ = write!(text, " where {predicate}");
        }
        text
    }

    /// Whether it has all rows, and columns as they are.
    pub(crate) fn is_of_columns(&self) -> bool {
        self.predicate.is_none() && self.keys.iter().all(|key| key.column.is_some())
    }

    /// Describes it in one line.
    pub fn shown(&self) -> String {
        self.definition(&self.table)
    }

    /// Proposes a name, without its schema.
    pub fn name(&self) -> String {
        let table = self.table.rsplit('.').next().unwrap_or_default().trim_matches('"');
        let mut parts = vec![table.to_owned()];
        parts.extend(self.keys.iter().map(Key::word));
        if !self.included.is_empty() {
            parts.push("covering".to_owned());
        }
        if self.predicate.is_some() {
            parts.push("part".to_owned());
        }
        if self.method == Method::Brin {
            parts.push("brin".to_owned());
        }
        let name = parts.join("_");
        // Words do not say all: two that differ in what they hold, have or sort by need two names, and so do
        // two of which only what is cut off tells them apart.
        if self.is_plain() && name.len() <= LONGEST_NAME {
            return name;
        }
        self.marked(name)
    }

    /// Proposes a name that is none of those that its schema has, as SQL names them.
    pub(crate) fn name_beside<'n>(&self, mut taken: impl Iterator<Item = &'n str>) -> String {
        let name = self.name();
        let last =
            |taken: &str| taken.rsplit('.').next().unwrap_or_default().trim_matches('"').to_owned();
        if taken.any(|taken| last(taken) == name) { self.marked(name) } else { name }
    }

    /// Ends a name with what sums the index up.
    fn marked(&self, mut name: String) -> String {
        let sum = mark(&self.shown());
        name.truncate(name.floor_char_boundary(LONGEST_NAME - sum.len()));
        name + &sum
    }

    /// Whether it is said in full by its method and the columns or expressions that it is ordered by.
    fn is_plain(&self) -> bool {
        let is_plain = |key: &Key| {
            key.column.is_some() && key.class.is_none() && !key.is_descending && !key.nulls_first
        };
        self.included.is_empty() && self.predicate.is_none() && self.keys.iter().all(is_plain)
    }

    /// Returns the columns that it holds, in keys and besides.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &str> {
        let keys = self.keys.iter().filter_map(|key| key.column.as_deref());
        keys.chain(self.included.iter().map(String::as_str))
    }

    /// Whether whatever another index serves this one serves as well.
    pub(crate) fn makes_needless(&self, other: &Self) -> bool {
        self.table == other.table
            && self.method == other.method
            && self.keys.get(..other.keys.len()) == Some(&other.keys)
            && (self.predicate.is_none() || self.predicate == other.predicate)
            && other.included.iter().all(|wanted| self.columns().any(|held| held == wanted))
    }

    /// Says what kind it is, as people say it.
    pub fn kind(&self) -> String {
        let mut words = Vec::new();
        if self.predicate.is_some() {
            words.push("partial");
        }
        if self.keys.iter().any(|key| key.column.is_none()) {
            words.push("expression");
        }
        if !self.included.is_empty() {
            words.push("covering");
        }
        words.push(self.method.name());
        words.join(" ")
    }
}

/// Returns what tells a name from those that are the same words: what it stands for, summed up.
pub(crate) fn mark(text: &str) -> String {
    format!("_{:05x}", sum(text))
}

/// Sums a text up in twenty bits, the same on every machine (FNV-1a).
fn sum(text: &str) -> u64 {
    let sum = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    (sum ^ (sum >> 20) ^ (sum >> 40)) & 0xf_ffff
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn keys(names: &[&str]) -> Vec<Key> {
        names.iter().map(|name| Key::column(name)).collect()
    }

    #[test]
    fn an_index_is_written_as_sql_takes_it() {
        let mut index = Index::btree("public.lines", keys(&["store_id", "Odd"]));
        index.keys.push(Key::column("sold_at").descending());
        index.included.push("amount".to_owned());
        index.predicate = Some("(quantity > 0)".to_owned());
        assert_eq!(
            index.shown(),
            "public.lines (store_id, \"Odd\", sold_at desc) include (amount) where (quantity > 0)"
        );
        assert!(index.name().starts_with("lines_store_id_odd_sold_at_covering_part_"));
        assert_eq!(index.kind(), "partial covering btree");
        let late = Key { nulls_first: false, ..Key::column("at").descending() };
        assert_eq!(late.written(), "at desc nulls last");
    }

    #[test]
    fn a_key_is_known_again_as_the_catalog_says_it() {
        let call = Key::expression("upper(note)").descending();
        assert!(call.is_held_as("upper(note) desc") && call.is_held_as("(upper(note)) desc"));
        assert!(!call.is_held_as("upper(note)") && !call.is_held_as("note desc"));
        assert!(Key::column("at").is_held_as("at") && !Key::column("at").is_held_as("at desc"));
    }

    #[test]
    fn a_name_is_never_too_long_and_never_shared() {
        let name =
            |last: &str| Index::btree("t", keys(&["long_column_name_of_a_kind"; 3])).with(last);
        assert!(name("a").name().len() <= LONGEST_NAME);
        assert_ne!(name("a").name(), name("b").name());
        let plain = Index::btree("t", keys(&["a"]));
        assert_eq!(plain.name(), "t_a");
        let with = |change: fn(&mut Index)| {
            let mut index = plain.clone();
            change(&mut index);
            index.name()
        };
        let names = BTreeSet::from([
            plain.name(),
            with(|index| index.included = vec!["b".to_owned()]),
            with(|index| index.included = vec!["c".to_owned()]),
            with(|index| index.predicate = Some("(b = 2)".to_owned())),
            with(|index| index.predicate = Some("(b = 3)".to_owned())),
            with(|index| index.keys = vec![Key::column("a").descending()]),
            with(|index| {
                index.keys = vec![Key { class: Some("text_pattern_ops"), ..Key::column("a") }];
            }),
        ]);
        assert_eq!(names.len(), 7, "{names:?}");
        assert_ne!(plain.name_beside(["public.t_a"].into_iter()), "t_a");
        assert_eq!(plain.name_beside(["public.t_a_b"].into_iter()), "t_a");
    }

    #[test]
    fn a_longer_index_makes_its_beginning_needless() {
        let long = Index::btree("t", keys(&["a", "b"]));
        assert!(long.makes_needless(&Index::btree("t", keys(&["a"]))));
        assert!(!long.makes_needless(&Index::btree("t", keys(&["b"]))));
        assert!(!long.makes_needless(&Index::btree("u", keys(&["a"]))));
        let mut covering = Index::btree("t", keys(&["a"]));
        covering.included.push("b".to_owned());
        assert!(long.makes_needless(&covering));
        assert!(!covering.makes_needless(&long));
        let partial = Index { predicate: Some("x".to_owned()), ..long.clone() };
        assert!(!partial.makes_needless(&long));
        assert!(long.makes_needless(&partial));
    }

    impl Index {
        fn with(mut self, name: &str) -> Self {
            self.keys.push(Key::column(name));
            self
        }
    }
}
