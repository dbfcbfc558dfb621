//! Asks the vendor what we may read, and says what is missing and how fresh everything is.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::integration_show::StreamRow;
use super::output::{Verdict, counted};
use super::{Access, Context, Effect, OpError, Operation, Output};
use crate::sync::check;

/// Checks a connection.
pub(crate) struct IntegrationCheck;

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

/// What the vendor says, and how fresh everything is.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Checked {
    /// The tenant as the vendor names it.
    account: Option<String>,
    /// How many stores the vendor shows us; unknown where it was not granted to list them.
    stores: Option<usize>,
    /// When the access token ends; it is renewed well before.
    token_expires_at: Option<String>,
    /// What the tenant has not granted.
    missing: Vec<MissingRow>,
    streams: Vec<StreamRow>,
}

/// Something that a stream needs and that was not granted.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct MissingRow {
    stream: String,
    scope: String,
}

impl Operation for IntegrationCheck {
    const NAME: &'static str = "integration check";
    const SUMMARY: &'static str =
        "Ask the vendor what we may read; say what is missing and how fresh";
    const DETAILS: &'static str = "Exit code 3 says that something is missing.";
    const EFFECT: Effect = Effect::Reads;
    const ACCESS: Access<Input> = Access::Tenant(|input| &input.tenant);

    type Input = Input;
    type Data = Checked;

    async fn run(context: &Context, input: Input) -> Result<Output<Checked>, OpError> {
        let (tenant, tx) = context.tenant(&input.tenant).await?;
        let integration = tx.integration_of(&input.source).await?;
        let fresh = tx.freshness(&integration.source).await?;
        tx.commit().await?;
        let report = check(context, &tenant, &integration).await?;
        let (slug, source) = (&tenant.slug, &integration.source);
        let missing: Vec<_> = report
            .missing
            .iter()
            .map(|missing| MissingRow {
                stream: missing.stream.to_string(),
                scope: missing.scope.to_owned(),
            })
            .collect();
        let is_complete = missing.is_empty();
        let stores = report.store_count.map_or_else(
            || "which stores there are is not granted either".to_owned(),
            |count| counted(count as u64, "store"),
        );
        let data = Checked {
            account: report.granted_by,
            stores: report.store_count,
            token_expires_at: report.expires_at.map(|at| at.to_string()),
            missing,
            streams: fresh.into_iter().map(|fresh| StreamRow::new(fresh, context.now())).collect(),
        };
        if is_complete {
            let told = format!("{source} of {slug} works: {stores}, everything granted");
            return Ok(Output::new(told, data));
        }
        let told = format!("{source} of {slug} lets us in, but not everywhere: {stores}");
        Ok(Output::new(told, data)
            .risk("streams without their scopes are not read at all")
            .next(
                format!("shelfops integration connect --tenant {slug} --source {source}"),
                "opens the vendor's page again, to grant what is missing",
            )
            .verdict(Verdict::Problems))
    }
}
