//! Shows how fresh each stream of a connection is, without asking the vendor.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shelfops_db::models::{StreamFreshness, WaitingRecords};
use shelfops_ingest::SourceName;

use super::output::counted;
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
    /// What was read and is refused, by stream and rule.
    quarantine: Vec<QuarantineRow>,
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

/// Records of a stream that wait for one reason.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct QuarantineRow {
    stream: String,
    rule: String,
    /// How many wait.
    waiting: i64,
    /// Since when the oldest of them waits.
    since: Option<String>,
    /// What is wrong with the newest.
    example: String,
}

impl QuarantineRow {
    /// Shows what waits of a source.
    pub(super) fn all(waiting: Vec<WaitingRecords>) -> Vec<Self> {
        let row = |waiting: WaitingRecords| Self {
            stream: waiting.stream,
            rule: waiting.rule,
            waiting: waiting.waiting,
            since: waiting.oldest_at.map(|at| at.to_string()),
            example: waiting.example,
        };
        waiting.into_iter().map(row).collect()
    }

    /// Says how many wait, and where to look; nothing where none does.
    pub(super) fn tell<D>(
        slug: &str,
        output: Output<D>,
        rows: impl Fn(&D) -> &[Self],
    ) -> Output<D> {
        let rows = rows(&output.data);
        let Some(most) = rows.first() else { return output };
        let waiting: i64 = rows.iter().map(|row| row.waiting).sum();
        let told = format!(
            "{} in quarantine, {} of {} refused by '{}'",
            counted(waiting, "record"),
            most.waiting,
            most.stream,
            most.rule,
        );
        let command = format!("shelfops quarantine list --tenant {slug} --rule {}", most.rule);
        output.line(told).next(command, "shows what that rule refused")
    }
}

/// Says that the vendor has ended a connection, and what makes it anew.
pub(super) fn tell_ended<D>(output: Output<D>, slug: &str, source: &SourceName) -> Output<D> {
    output.line(format!("{source} must be connected again: until then nothing of it is read")).next(
        format!("shelfops integration connect --tenant {slug} --source {source}"),
        "opens the vendor's page again: what was granted is gone",
    )
}

impl Operation for IntegrationShow {
    const NAME: &'static str = "integration show";
    const SUMMARY: &'static str =
        "Show a connected system: how fresh each stream is, and what of it is refused";
    const EFFECT: Effect = Effect::Reads;
    const ACCESS: Access<Input> = Access::Tenant(|input| &input.tenant);

    type Input = Input;
    type Data = Shown;

    async fn run(context: &Context, input: Input) -> Result<Output<Shown>, OpError> {
        let (tenant, tx) = context.tenant(&input.tenant).await?;
        let integration = tx.integration_of(&input.source).await?;
        let fresh = tx.freshness(&integration.source).await?;
        let quarantine = QuarantineRow::all(tx.waiting_records(&integration.source).await?);
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
            quarantine,
        };
        let told = format!("{source} of {slug} is {}", integration.status.name());
        let output = Output::new(told, data);
        let output = QuarantineRow::tell(slug, output, |data| &data.quarantine);
        Ok(if integration.is_grant_gone {
            tell_ended(output, slug, source)
        } else if is_unread {
            output.next(
                format!("shelfops sync run --tenant {slug} --source {source}"),
                "nothing of it was read yet",
            )
        } else {
            output
        })
    }
}
