//! Lists what the schema has.

use std::collections::BTreeMap;

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shelfops_advisor::drift::{Key, Kind, parts, relations};

use super::output::counted;
use super::{Context, Effect, OpError, Operation, Output};
use crate::drift::live;

/// Lists what the schema has.
pub(crate) struct SchemaList;

/// Which relations.
#[derive(Debug, Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// Only those whose name has this in it
    #[arg(value_name = "PART")]
    #[serde(default)]
    pub(crate) part: Option<String>,
    /// Only of this schema, such as public
    #[arg(long, value_name = "SCHEMA")]
    #[serde(default)]
    pub(crate) schema: Option<String>,
}

/// A table or view.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Row {
    name: String,
    kind: String,
    columns: usize,
    indexes: usize,
    row_security: String,
    rows: Option<i64>,
    bytes: Option<i64>,
    comment: Option<String>,
}

impl Operation for SchemaList {
    const NAME: &'static str = "schema list";
    const SUMMARY: &'static str = "List tables and views with their sizes and row security";
    const EFFECT: Effect = Effect::Reads;

    type Input = Input;
    type Data = Vec<Row>;

    async fn run(context: &Context, input: Input) -> Result<Output<Vec<Row>>, OpError> {
        let schema = live(context).await?;
        let is_wanted = |key: &&Key| {
            input.part.as_ref().is_none_or(|part| key.name.contains(part.as_str()))
                && input.schema.as_ref().is_none_or(|name| key.schema.as_ref() == Some(name))
        };
        let wanted: Vec<&Key> = relations(&schema).into_iter().filter(is_wanted).collect();
        let names: Vec<String> = wanted.iter().map(|key| key.qualified()).collect();
        let sizes = match context.database().await?.operator().await {
            Ok(operator) => operator.table_sizes(&names).await?,
            Err(_) => Vec::new(),
        };
        let sizes: BTreeMap<String, (i64, i64)> =
            sizes.into_iter().map(|(name, rows, bytes)| (name, (rows, bytes))).collect();
        let rows: Vec<Row> = wanted
            .into_iter()
            .map(|key| {
                let belonging = parts(&schema, key);
                let count = |kind| belonging.iter().filter(|part| part.kind == kind).count();
                let fact = |name| schema.get(key).map_or("", |object| object.fact(name));
                let size = sizes.get(&key.qualified());
                let has_rows = key.kind != Kind::View;
                Row {
                    name: key.qualified(),
                    kind: key.kind.word().to_owned(),
                    columns: count(Kind::Column),
                    indexes: count(Kind::Index) + count(Kind::Constraint),
                    row_security: fact("row security of the owner").to_owned(),
                    rows: size.filter(|_| has_rows).map(|(rows, _)| *rows),
                    bytes: size.filter(|_| has_rows).map(|(_, bytes)| *bytes),
                    comment: Some(fact("comment").to_owned()).filter(|text| !text.is_empty()),
                }
            })
            .collect();
        Ok(Output::new(counted(rows.len(), "relation"), rows))
    }
}
