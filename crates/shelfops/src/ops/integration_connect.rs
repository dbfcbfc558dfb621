//! Has a tenant let us in again.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::integration_add::{Added, connect};
use super::{Access, Context, Effect, OpError, Operation, Output};

/// Has a tenant let us in again.
pub(crate) struct IntegrationConnect;

/// Which connection.
#[derive(Debug, Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// The tenant
    #[arg(long)]
    pub(crate) tenant: String,
    /// Which of the tenant's systems
    #[arg(long)]
    pub(crate) source: String,
    /// Print the page and do not wait for the tenant to agree
    #[arg(long)]
    #[serde(default)]
    pub(crate) no_wait: bool,
}

impl Operation for IntegrationConnect {
    const NAME: &'static str = "integration connect";
    const SUMMARY: &'static str = "Open the vendor's page again: to agree, or to grant more";
    const DETAILS: &'static str =
        "The connection keeps its records and cursors: what was missed meanwhile is read.";
    const EFFECT: Effect = Effect::Changes;
    const ACCESS: Access<Input> = Access::Tenant(|input| &input.tenant);

    type Input = Input;
    type Data = Added;

    fn changes_tenant(input: &Input) -> Option<&str> {
        Some(&input.tenant)
    }

    async fn run(context: &Context, input: Input) -> Result<Output<Added>, OpError> {
        let (tenant, tx) = context.tenant(&input.tenant).await?;
        let integration = tx.integration_of(&input.source).await?;
        tx.commit().await?;
        connect(context, &tenant, &integration, input.no_wait).await
    }
}
