//! One line of `[columns]`: where the text of a field comes from.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::template::Template;

/// Where the text of a field comes from, by column names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ColumnRule {
    /// The first of some columns that says something; its words translated where they are listed.
    Columns {
        /// The columns, in the order they are asked.
        columns: Vec<String>,
        /// What to read for what the column says.
        words: BTreeMap<String, String>,
    },
    /// Text made of columns.
    Template {
        /// As it is written.
        text: String,
        /// Taken apart.
        template: Template,
    },
    /// The exact sum of columns.
    Sum(Vec<String>),
    /// The same for every record; empty for "leave it out, and do not guess".
    Constant(String),
}

impl ColumnRule {
    /// Takes the value of one column.
    pub(crate) fn column(name: &str) -> Self {
        Self::Columns { columns: vec![name.to_owned()], words: BTreeMap::new() }
    }

    /// Returns the names of the columns it takes.
    pub(crate) fn columns(&self) -> Vec<&str> {
        match self {
            Self::Columns { columns, .. } | Self::Sum(columns) => {
                columns.iter().map(String::as_str).collect()
            }
            Self::Template { template, .. } => template.columns().collect(),
            Self::Constant(_) => Vec::new(),
        }
    }

    /// Reads a plain string: a column's name, or a template where it has braces.
    fn parse(text: &str) -> Result<Self, String> {
        if Template::is_one(text) {
            let template = Template::parse(text)?;
            return Ok(Self::Template { text: text.to_owned(), template });
        }
        Ok(Self::column(text.trim()))
    }
}

/// The table form of a rule.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleTable {
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    otherwise: Option<OneOrMore>,
    #[serde(skip_serializing_if = "Option::is_none")]
    words: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sum: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    constant: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged, expecting = "a column's name or a list of them")]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl TryFrom<RuleTable> for ColumnRule {
    type Error = &'static str;

    fn try_from(table: RuleTable) -> Result<Self, &'static str> {
        let translates = table.otherwise.is_some() || table.words.is_some();
        match (table.column, table.sum, table.constant) {
            (Some(first), None, None) => {
                let mut columns = vec![first];
                match table.otherwise {
                    Some(OneOrMore::One(next)) => columns.push(next),
                    Some(OneOrMore::More(next)) => columns.extend(next),
                    None => {}
                }
                Ok(Self::Columns { columns, words: table.words.unwrap_or_default() })
            }
            (None, Some(columns), None) if !translates && !columns.is_empty() => {
                Ok(Self::Sum(columns))
            }
            (None, None, Some(constant)) if !translates => Ok(Self::Constant(constant)),
            _ => Err("a field is read from exactly one of { column = … }, { sum = […] } and \
                      { constant = … }; 'otherwise' and 'words' go with 'column'"),
        }
    }
}

impl<'de> Deserialize<'de> for ColumnRule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RuleVisitor;
        impl<'de> Visitor<'de> for RuleVisitor {
            type Value = ColumnRule;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(
                    "a column's name, a template such as \"{order}:{line}\", or a table such as \
                     { constant = \"USD\" }",
                )
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<ColumnRule, E> {
                ColumnRule::parse(text).map_err(E::custom)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ColumnRule, A::Error> {
                let table = RuleTable::deserialize(MapAccessDeserializer::new(map))?;
                ColumnRule::try_from(table).map_err(A::Error::custom)
            }
        }
        deserializer.deserialize_any(RuleVisitor)
    }
}

impl Serialize for ColumnRule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut table = RuleTable::default();
        match self {
            Self::Template { text, .. } => return serializer.serialize_str(text),
            Self::Columns { columns, words } => {
                if let ([column], true) = (columns.as_slice(), words.is_empty())
                    && !Template::is_one(column)
                {
                    return serializer.serialize_str(column);
                }
                let mut columns = columns.iter().cloned();
                table.column = columns.next();
                table.otherwise = (columns.len() > 0).then(|| OneOrMore::More(columns.collect()));
                table.words = (!words.is_empty()).then(|| words.clone());
            }
            Self::Sum(columns) => table.sum = Some(columns.clone()),
            Self::Constant(constant) => table.constant = Some(constant.clone()),
        }
        table.serialize(serializer)
    }
}

impl fmt::Display for ColumnRule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Columns { columns, words } => {
                formatter.write_str(&columns.join(", else "))?;
                if words.is_empty() { Ok(()) } else { formatter.write_str(", translated") }
            }
            Self::Template { text, .. } => formatter.write_str(text),
            Self::Sum(columns) => formatter.write_str(&columns.join(" + ")),
            Self::Constant(constant) if constant.is_empty() => formatter.write_str("left out"),
            Self::Constant(constant) => write!(formatter, "always '{constant}'"),
        }
    }
}
