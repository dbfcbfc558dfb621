//! Shows how fresh each stream of a connection is, without asking the vendor.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shelfops_db::models::StreamFreshness;

use super::{Access, Context, Effect, OpError, Operation, Output};

/// Shows a connection.
pub(crate) struct IntegrationShow;

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
}

/// A connection and its streams.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Shown {
    integration_id: String,
    source: String,
    connector: String,
    status: String,
    account: Option<String>,
    connected_at: Option<String>,
    error: Option<String>,
    streams: Vec<StreamRow>,
}

/// One stream.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct StreamRow {
    pub(super) stream: String,
    pub(super) last_run: Option<String>,
    pub(super) status: String,
    pub(super) last_success_at: Option<String>,
    /// Minutes since a run last read it to its end.
    pub(super) minutes_behind: Option<i64>,
    pub(super) quarantined: i64,
    pub(super) error: Option<String>,
}

impl StreamRow {
    pub(super) fn new(fresh: StreamFreshness, now: jiff::Timestamp) -> Self {
        Self {
            stream: fresh.stream,
            last_run: fresh.last_started_at.map(|at| at.to_string()),
            status: fresh.last_status,
            last_success_at: fresh.last_success_at.map(|at| at.to_string()),
            minutes_behind: fresh.last_success_at.map(|at| now.duration_since(at).as_mins()),
            quarantined: fresh.waiting,
            error: fresh.last_error,
        }
    }
}

impl Operation for IntegrationShow {
    const NAME: &'static str = "integration show";
    const SUMMARY: &'static str = "Show a connected system, and how fresh each stream of it is";
    const EFFECT: Effect = Effect::Reads;
    const ACCESS: Access<Input> = Access::Tenant(|input| &input.tenant);

    type Input = Input;
    type Data = Shown;

    async fn run(context: &Context, input: Input) -> Result<Output<Shown>, OpError> {
        let (tenant, tx) = context.tenant(&input.tenant).await?;
        let integration = tx.integration_of(&input.source).await?;
        let fresh = tx.freshness(&integration.source).await?;
        tx.commit().await?;
        let streams: Vec<_> =
            fresh.into_iter().map(|fresh| StreamRow::new(fresh, context.now())).collect();
        let (slug, source) = (&tenant.slug, &integration.source);
        let is_unread = streams.is_empty();
        let data = Shown {
            integration_id: integration.integration_id.to_string(),
            source: source.to_string(),
            connector: integration.connector.clone(),
            status: integration.status.name().to_owned(),
            account: integration.external_account.clone(),
            connected_at: integration.connected_at.map(|at| at.to_string()),
            error: integration.last_error.clone(),
            streams,
        };
        let told = format!("{source} of {slug} is {}", integration.status.name());
        let output = Output::new(told, data);
        Ok(if is_unread {
            output.next(
                format!("shelfops sync run --tenant {slug} --source {source}"),
                "nothing of it was read yet",
            )
        } else {
            output
        })
    }
}
