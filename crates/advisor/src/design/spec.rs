//! What a table is wanted for, as somebody writes it down: columns by meaning, not by type.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A table that is wanted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TableSpec {
    /// Its name: plural, lower case.
    pub name: String,
    /// What one row is, in a sentence.
    pub comment: String,
    /// What makes a row the only one of its kind, without the tenant.
    #[serde(default)]
    pub key: Vec<String>,
    /// Its columns, in order.
    #[serde(default)]
    pub columns: Vec<ColumnSpec>,
    /// What it refers to.
    #[serde(default)]
    pub references: Vec<ReferenceSpec>,
    /// What is asked of it, the most frequent first.
    #[serde(default)]
    pub questions: Vec<QuestionSpec>,
    /// How much there will be.
    #[serde(default)]
    pub volume: Option<VolumeSpec>,
    /// Ratios that people want to see; they are computed from their parts, never stored.
    #[serde(default)]
    pub ratios: Vec<RatioSpec>,
    /// What must hold between columns, as SQL conditions.
    #[serde(default)]
    pub checks: Vec<CheckSpec>,
}

/// A column, by what it means.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ColumnSpec {
    /// Its name.
    pub name: String,
    /// What it means.
    pub meaning: Meaning,
    /// Whether it may be unknown.
    #[serde(default)]
    pub optional: bool,
    /// What people should know of it.
    #[serde(default)]
    pub comment: Option<String>,
    /// The values that there are, where they are few.
    #[serde(default)]
    pub values: Vec<String>,
    /// A column that it is never greater than.
    #[serde(default)]
    pub at_most: Option<String>,
    /// What it is where nobody says.
    #[serde(default)]
    pub default: Option<String>,
}

/// What a column means; it decides the type and the check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Meaning {
    /// The id of something of ours.
    Id,
    /// How many, never below zero.
    Count,
    /// How much, with fractions, never below zero.
    Quantity,
    /// Any exact number.
    Number,
    /// An amount of a currency that another column names.
    Money,
    /// The currency.
    Currency,
    /// A part of one.
    Share,
    /// A day.
    Date,
    /// A moment.
    Moment,
    /// The moment at which a row was written, told by the database.
    Written,
    /// Text of people.
    Text,
    /// A word that programs compare.
    Code,
    /// Yes or no.
    Flag,
    /// What has no fixed shape.
    Document,
}

/// A reference.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReferenceSpec {
    /// The table that is referred to.
    pub table: String,
    /// The columns that refer, without the tenant's.
    pub columns: Vec<String>,
}

/// A question that is asked of the table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QuestionSpec {
    /// The question, in words.
    pub asks: String,
    /// Columns that equal a value, without the tenant's.
    #[serde(default)]
    pub equal: Vec<String>,
    /// The column that lies within a range, or that the answer is ordered by.
    #[serde(default)]
    pub range: Option<String>,
    /// Whether the newest come first.
    #[serde(default)]
    pub newest_first: bool,
}

/// How much there will be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VolumeSpec {
    /// How many tenants.
    pub tenants: u64,
    /// How many things a tenant has that there is a row for.
    pub things: u64,
    /// How many rows a thing gets in a year.
    pub rows_a_year: u64,
    /// The column whose ranges are asked for, if rows are asked by time.
    #[serde(default)]
    pub time: Option<String>,
}

/// A ratio of two columns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RatioSpec {
    /// Its name.
    pub name: String,
    /// What is above.
    pub numerator: String,
    /// What is below.
    pub denominator: String,
}

/// A condition between columns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckSpec {
    /// What the constraint is called, without the table's name.
    pub name: String,
    /// The condition.
    pub condition: String,
}
