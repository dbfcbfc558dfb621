//! Lists what can be connected.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shelfops_integrations::connector::{Authorisation, CONNECTORS};

use super::{Access, Context, Effect, OpError, Operation, Output};

/// Lists what can be connected.
pub(crate) struct IntegrationTypes;

/// Nothing is told.
#[derive(Debug, Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {}

/// One vendor.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Row {
    /// The name that commands take.
    name: String,
    /// The vendor.
    vendor: String,
    /// How a tenant lets us in.
    connected_by: String,
    /// Whether our application there is set up.
    is_set_up: bool,
    /// What is read.
    streams: Vec<String>,
    /// What a tenant grants for it.
    scopes: Vec<String>,
}

impl Operation for IntegrationTypes {
    const NAME: &'static str = "integration types";
    const SUMMARY: &'static str =
        "List the systems that can be connected, and what is read of each";
    const EFFECT: Effect = Effect::Reads;
    const ACCESS: Access<Input> = Access::Anyone;

    type Input = Input;
    type Data = Vec<Row>;

    async fn run(context: &Context, Input {}: Input) -> Result<Output<Vec<Row>>, OpError> {
        let mut missing = None;
        let mut rows = Vec::new();
        for connector in CONNECTORS {
            let app = context.config().applications.app(*connector);
            let mut scopes: Vec<String> = Vec::new();
            for stream in connector.streams() {
                for scope in connector.scopes(*stream) {
                    if !scopes.iter().any(|known| known == scope) {
                        scopes.push((*scope).to_owned());
                    }
                }
            }
            rows.push(Row {
                name: connector.name().to_owned(),
                vendor: connector.title().to_owned(),
                connected_by: match connector.authorisation() {
                    Authorisation::OAuth => "the vendor's page".to_owned(),
                    Authorisation::Key => "a key".to_owned(),
                },
                is_set_up: app.is_ok(),
                streams: connector.streams().iter().map(ToString::to_string).collect(),
                scopes,
            });
            missing = missing.or(app.err().map(|error| error.to_string()));
        }
        let output = Output::new(format!("{} can be connected", rows.len()), rows);
        Ok(match missing {
            Some(missing) => output.risk(missing),
            None => output,
        })
    }
}
