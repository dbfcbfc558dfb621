//! The rules of the house that a table is designed for.

/// What every table of the house has, and how it is made.
#[derive(Clone, Debug)]
pub struct House {
    /// The column that says whose a row is, and the table of tenants that it refers to.
    pub tenant: Option<TenantRule>,
    /// Tables that others refer to, with their keys.
    pub parents: Vec<Parent>,
    /// Whether views may stand beside tables; where not, ratios are told as expressions.
    pub has_views: bool,
    /// From how many rows a year on a table that is asked by time is partitioned.
    pub partitioned_from: u64,
    /// Up to how many rows an index is not worth its writes.
    pub unindexed_up_to: u64,
    /// How many tenants there are, where nobody says.
    pub usual_tenants: u64,
    /// What a text may mean.
    pub templates: Vec<Template>,
}

/// How tenants are kept apart.
#[derive(Clone, Debug)]
pub struct TenantRule {
    /// The column.
    pub column: String,
    /// Its type.
    pub data_type: String,
    /// The table of tenants.
    pub table: String,
    /// The function that isolates a table.
    pub protect: String,
    /// The function that makes a table a time series and isolates it.
    pub create_timeseries: String,
    /// The function that drops one.
    pub drop_timeseries: String,
}

/// A table that others refer to.
#[derive(Clone, Debug)]
pub struct Parent {
    /// Its name.
    pub table: String,
    /// The columns of its key, without the tenant's.
    pub key: Vec<String>,
    /// How many rows a tenant has, where nobody says.
    pub usual_rows: u64,
}

/// A kind of table that is asked for again and again.
#[derive(Clone, Debug)]
pub struct Template {
    /// Words that all have to be in the text; of each, one spelling.
    pub words: Vec<Vec<String>>,
    /// What is meant.
    pub spec: super::TableSpec,
    /// What was taken for granted, and should be settled: two at most.
    pub questions: Vec<Question>,
}

/// Something that was not said.
#[derive(
    Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The question.
    pub asks: String,
    /// What is taken until somebody answers.
    pub default: String,
}
