//! Lists a tenant's keys for the HTTP interface.

use clap::Args;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shelfops_db::models::ApiKey;

use super::output::counted;
use super::{Access, Context, Effect, OpError, Operation, Output, Scope};

/// Lists a tenant's keys for the HTTP interface.
pub(crate) struct ApiKeyList;

/// Whose.
#[derive(Debug, Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// The tenant
    #[arg(long)]
    pub(crate) tenant: String,
}

/// One key.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Row {
    name: String,
    /// `in use`, `expired` or `revoked`.
    state: &'static str,
    scopes: Vec<String>,
    created_at: Option<String>,
    last_used_at: Option<String>,
    expires_at: Option<String>,
    revoked_at: Option<String>,
    api_key_id: String,
}

impl Operation for ApiKeyList {
    const NAME: &'static str = "api-key list";
    const SUMMARY: &'static str = "List a retailer's keys: what they may do, when they were used";
    const EFFECT: Effect = Effect::Reads;
    const ACCESS: Access<Input> = Access::Tenant(|input| &input.tenant);
    const SCOPE: Scope = Scope::Admin;

    type Input = Input;
    type Data = Vec<Row>;

    async fn run(context: &Context, input: Input) -> Result<Output<Vec<Row>>, OpError> {
        let (tenant, tx) = context.tenant(&input.tenant).await?;
        let now = context.now();
        let keys = tx.api_keys().await?;
        let in_use = keys.iter().filter(|key| state(key, now) == "in use").count();
        let summary = format!("{} of {} in use", counted(in_use, "key"), tenant.slug);
        let rows = keys.into_iter().map(|key| row(key, now)).collect();
        let output = Output::new(summary, rows);
        Ok(if in_use == 0 {
            output.next(
                format!("shelfops api-key add NAME --tenant {}", tenant.slug),
                "nobody can ask over HTTP for this tenant without one",
            )
        } else {
            output
        })
    }
}

fn state(key: &ApiKey, now: Timestamp) -> &'static str {
    if key.revoked_at.is_some() {
        "revoked"
    } else if key.expires_at.is_some_and(|at| at <= now) {
        "expired"
    } else {
        "in use"
    }
}

fn row(key: ApiKey, now: Timestamp) -> Row {
    let text = |at: Option<Timestamp>| at.map(|at| at.to_string());
    Row {
        state: state(&key, now),
        name: key.name,
        scopes: key.scopes,
        created_at: text(key.created_at),
        last_used_at: text(key.last_used_at),
        expires_at: text(key.expires_at),
        revoked_at: text(key.revoked_at),
        api_key_id: key.api_key_id.to_string(),
    }
}
