//! Lists a tenant's connections.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Access, Context, Effect, OpError, Operation, Output};

/// Lists a tenant's connections.
pub(crate) struct IntegrationList;

/// Whose.
#[derive(Debug, Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// The tenant
    #[arg(long)]
    pub(crate) tenant: String,
}

/// One connection.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Row {
    source: String,
    connector: String,
    status: String,
    account: Option<String>,
    connected_at: Option<String>,
    /// When a run last read a stream to its end, the stream that is furthest behind.
    oldest_success_at: Option<String>,
    error: Option<String>,
}

impl Operation for IntegrationList {
    const NAME: &'static str = "integration list";
    const SUMMARY: &'static str = "List a retailer's connected systems";
    const EFFECT: Effect = Effect::Reads;
    const ACCESS: Access<Input> = Access::Tenant(|input| &input.tenant);

    type Input = Input;
    type Data = Vec<Row>;

    async fn run(context: &Context, input: Input) -> Result<Output<Vec<Row>>, OpError> {
        let (tenant, tx) = context.tenant(&input.tenant).await?;
        let mut rows = Vec::new();
        for integration in tx.integrations().await? {
            let fresh = tx.freshness(&integration.source).await?;
            let oldest = fresh.iter().map(|stream| stream.last_success_at).min().flatten();
            rows.push(Row {
                source: integration.source.to_string(),
                connector: integration.connector,
                status: integration.status.name().to_owned(),
                account: integration.external_account,
                connected_at: integration.connected_at.map(|at| at.to_string()),
                oldest_success_at: oldest.map(|at| at.to_string()),
                error: integration.last_error,
            });
        }
        let slug = &tenant.slug;
        let output = match rows.len() {
            0 => Output::new(format!("{slug} has no connected system"), rows).next(
                "shelfops integration types".to_owned(),
                "says which systems can be connected, to be read by themselves from then on",
            ),
            1 => Output::new(format!("{slug} has one connected system"), rows),
            count => Output::new(format!("{slug} has {count} connected systems"), rows),
        };
        Ok(output)
    }
}
