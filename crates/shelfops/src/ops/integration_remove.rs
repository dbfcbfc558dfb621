//! Ends a connection: gives back what was granted and forgets the tokens.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Access, Context, Effect, OpError, Operation, Output};
use crate::sync::disconnect;

/// Ends a connection.
pub(crate) struct IntegrationRemove;

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
    /// Forget the connection itself as well, with its notifications and comparisons; records stay
    #[arg(long)]
    #[serde(default)]
    pub(crate) forget: bool,
}

/// What was ended.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Removed {
    source: String,
    /// Whether the vendor knows that we gave the grant back.
    is_revoked_at_vendor: bool,
}

impl Operation for IntegrationRemove {
    const NAME: &'static str = "integration remove";
    const SUMMARY: &'static str =
        "Disconnect a system: the grant is given back, the tokens forgotten";
    const DETAILS: &'static str = "What was read stays. The connection is kept as revoked, so that it can be connected again\n\
         where it stopped, unless it is to be forgotten.";
    const EFFECT: Effect = Effect::Changes;
    const ACCESS: Access<Input> = Access::Tenant(|input| &input.tenant);

    type Input = Input;
    type Data = Removed;

    fn changes_tenant(input: &Input) -> Option<&str> {
        Some(&input.tenant)
    }

    async fn run(context: &Context, input: Input) -> Result<Output<Removed>, OpError> {
        let (tenant, tx) = context.tenant(&input.tenant).await?;
        let integration = tx.integration_of(&input.source).await?;
        tx.commit().await?;
        let untold = disconnect(context, &tenant, &integration).await?;
        if input.forget {
            let tx = context.database().await?.tenant(tenant.customer_id).await?;
            tx.remove_integration(integration.integration_id).await?;
            tx.commit().await?;
        }
        let source = integration.source.to_string();
        let told = format!("{source} of {} is disconnected; its records stay", tenant.slug);
        let data = Removed { source, is_revoked_at_vendor: untold.is_none() };
        let output = Output::new(told, data);
        Ok(match untold {
            None => output,
            Some(why) => output.risk(format!(
                "the vendor was not told ({why}): remove our application on the vendor's own page"
            )),
        })
    }
}
