//! Shows a table or view: columns, keys, indexes, policies, rights, and the DDL that makes it.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shelfops_advisor::drift::{ddl, find, parts};

use super::output::counted;
use super::{Context, Effect, OpError, Operation, Output};
use crate::drift::live;

/// Shows a table or view.
pub(crate) struct SchemaShow;

/// Which one.
#[derive(Debug, Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// Its name, with or without its schema
    pub(crate) relation: String,
}

impl Operation for SchemaShow {
    const NAME: &'static str = "schema show";
    const SUMMARY: &'static str = "Show a table or view: the DDL that makes it, rights included";
    const EFFECT: Effect = Effect::Reads;

    type Input = Input;
    type Data = Value;

    async fn run(context: &Context, input: Input) -> Result<Output<Value>, OpError> {
        let schema = live(context).await?;
        let key = find(&schema, &input.relation).ok_or_else(|| {
            OpError::not_found(format!(
                "there is no table or view '{}'; `shelfops schema list` shows them",
                input.relation
            ))
        })?;
        let belonging = parts(&schema, key);
        let statements = ddl(&schema, key);
        let text: String =
            statements.iter().map(|statement| format!("{};\n", statement.sql)).collect();
        let objects: Vec<Value> = belonging
            .iter()
            .map(|part| {
                let facts = schema.get(part).map(|object| &object.facts);
                json!({ "kind": part.kind, "name": part.name, "facts": facts })
            })
            .collect();
        let facts = schema.get(key).map(|object| &object.facts);
        let data = json!({
            "name": key.qualified(), "kind": key.kind, "facts": facts, "parts": objects, "ddl": text,
        });
        let summary = format!("{key}: {}", counted(objects.len(), "part"));
        Ok(Output::new(summary, data).page(text))
    }
}
