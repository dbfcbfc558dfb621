//! Takes a key for the HTTP interface back.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Access, Context, Effect, OpError, Operation, Output, Scope};

/// Takes a key for the HTTP interface back.
pub(crate) struct ApiKeyRevoke;

/// Which key.
#[derive(Debug, Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// The key's name
    pub(crate) name: String,
    /// The tenant
    #[arg(long)]
    pub(crate) tenant: String,
}

/// Which key it was.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Revoked {
    name: String,
}

impl Operation for ApiKeyRevoke {
    const NAME: &'static str = "api-key revoke";
    const SUMMARY: &'static str = "Take a key back; the next request with it is refused";
    const EFFECT: Effect = Effect::Changes;
    const ACCESS: Access<Input> = Access::Tenant(|input| &input.tenant);
    const SCOPE: Scope = Scope::Admin;

    type Input = Input;
    type Data = Revoked;

    fn changes_tenant(input: &Input) -> Option<&str> {
        Some(&input.tenant)
    }

    async fn run(context: &Context, input: Input) -> Result<Output<Revoked>, OpError> {
        let (tenant, tx) = context.tenant(&input.tenant).await?;
        if !tx.revoke_api_key(&input.name).await? {
            return Err(OpError::not_found(format!(
                "{} has no key '{}' in use; `shelfops api-key list --tenant {}` shows them all",
                tenant.slug, input.name, tenant.slug
            )));
        }
        tx.commit().await?;
        let summary = format!("key '{}' of {} is revoked", input.name, tenant.slug);
        Ok(Output::new(summary, Revoked { name: input.name }))
    }
}
