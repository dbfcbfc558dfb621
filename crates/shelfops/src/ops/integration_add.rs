//! Adds a connection to one of a tenant's systems, and has the tenant let us in.

use clap::Args;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use shelfops_db::models::{Integration, NewIntegration, Tenant};
use shelfops_ingest::SourceName;
use shelfops_integrations::connector::{CONNECTORS, find};

use super::{Access, Context, Effect, OpError, Operation, Output, Principal};
use crate::jobs::add_default_schedules;
use crate::sync::begin_authorisation;
use crate::webhooks::wait_for_consent;

/// Adds a connection.
pub(crate) struct IntegrationAdd;

/// What is connected, and whose it is.
#[derive(Debug, Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// Which system; `shelfops integration types` lists them
    pub(crate) connector: String,
    /// The tenant
    #[arg(long)]
    pub(crate) tenant: String,
    /// What its records are told apart by [default: the system's name]
    #[arg(long)]
    pub(crate) source: Option<String>,
    /// From which day on sales are read, by UTC [default: all there are]
    #[arg(long, value_name = "DATE")]
    pub(crate) history_from: Option<String>,
    /// Print the page and do not wait for the tenant to agree
    #[arg(long)]
    #[serde(default)]
    pub(crate) no_wait: bool,
}

/// The connection.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Added {
    pub(super) integration_id: String,
    pub(super) source: String,
    pub(super) connector: String,
    /// `pending` until the tenant has let us in, then `active`.
    pub(super) status: String,
    /// Where the tenant lets us in; it can be used once, within a quarter of an hour.
    pub(super) authorize_url: Option<String>,
    /// The tenant as the vendor names it.
    pub(super) account: Option<String>,
}

impl Operation for IntegrationAdd {
    const NAME: &'static str = "integration add";
    const SUMMARY: &'static str = "Connect one of a retailer's systems";
    const DETAILS: &'static str = "Example: shelfops integration add square --tenant northwind --history-from 2026-01-01\n\n\
         The tenant agrees on the vendor's own page, whose address is printed. The tokens that come back\n\
         are encrypted before they are stored. Secrets are never flags: our application at the vendor is\n\
         set by SHELFOPS_<SYSTEM>_CLIENT_ID and SHELFOPS_<SYSTEM>_CLIENT_SECRET, or in shelfops.toml.";
    const EFFECT: Effect = Effect::Changes;
    const ACCESS: Access<Input> = Access::Tenant(|input| &input.tenant);

    type Input = Input;
    type Data = Added;

    fn changes_tenant(input: &Input) -> Option<&str> {
        Some(&input.tenant)
    }

    async fn run(context: &Context, input: Input) -> Result<Output<Added>, OpError> {
        let connector = find(&input.connector).ok_or_else(|| {
            let known: Vec<_> = CONNECTORS.iter().map(|connector| connector.name()).collect();
            OpError::usage(format!(
                "'{}' cannot be connected; what can is: {}",
                input.connector,
                known.join(", ")
            ))
        })?;
        // Before anything is written down: without them nothing could be connected.
        context.config().applications.app(connector)?;
        let keyring = context.connections().keys().ring()?;
        keyring.present().map_err(shelfops_db::DbError::from)?;
        let source = input.source.as_deref().unwrap_or_else(|| connector.name());
        let source =
            SourceName::parse(source).map_err(|error| OpError::usage(error.to_string()))?;
        let settings = match input.history_from.as_deref() {
            Some(day) => json!({ "history_from": first_moment(day)? }),
            None => json!({}),
        };
        let (tenant, tx) = context.tenant(&input.tenant).await?;
        let new = NewIntegration { source, connector: connector.name(), settings };
        let integration = tx.add_integration(&new).await?;
        add_default_schedules(&tx, integration.integration_id, connector.streams()).await?;
        tx.commit().await?;
        connect(context, &tenant, &integration, input.no_wait).await
    }
}

/// Sends the tenant to the vendor's page, and waits for the answer unless told otherwise.
pub(super) async fn connect(
    context: &Context,
    tenant: &Tenant,
    integration: &Integration,
    no_wait: bool,
) -> Result<Output<Added>, OpError> {
    let begun = begin_authorisation(context, tenant, integration).await?;
    let (slug, source) = (&tenant.slug, &integration.source);
    // Nobody but a person at a terminal has the patience.
    let can_wait = matches!(context.principal(), Principal::Terminal { .. });
    if no_wait || !can_wait {
        let data = added(integration, Some(begun.url.clone()));
        return Ok(Output::new(format!("{source} of {slug} waits to be let in"), data)
            .line(format!("open {}", begun.url))
            .risk(
                "the page must lead back to a server of ours: `shelfops serve` has to be up then",
            ));
    }
    let talk = context.talk();
    talk.say(&format!("Open this page as {slug} and agree:\n\n  {}\n", begun.url));
    talk.say("Waiting for the vendor's answer; Ctrl-C stops it.");
    let connected = wait_for_consent(context, tenant, integration, &begun.redirect_uri).await?;
    let account = connected.external_account.clone();
    let data = added(&connected, None);
    let named = account.map(|account| format!(" as {account}")).unwrap_or_default();
    Ok(Output::new(format!("{source} of {slug} is connected{named}"), data)
        .next(
            format!("shelfops sync run --tenant {slug} --source {source}"),
            "reads all there is, stores and products first; `shelfops worker` does it by itself",
        )
        .next(
            format!("shelfops integration check --tenant {slug} --source {source}"),
            "says whether everything that is needed was granted",
        ))
}

fn added(integration: &Integration, authorize_url: Option<String>) -> Added {
    Added {
        integration_id: integration.integration_id.to_string(),
        source: integration.source.to_string(),
        connector: integration.connector.clone(),
        status: integration.status.name().to_owned(),
        authorize_url,
        account: integration.external_account.clone(),
    }
}

fn first_moment(day: &str) -> Result<jiff::Timestamp, OpError> {
    let parsed = day.parse::<Date>().and_then(|day| day.to_zoned_datetime(TimeZone::UTC));
    parsed
        .map(|zoned| zoned.timestamp())
        .map_err(|error| OpError::usage(format!("'{day}' is no day such as 2026-01-31: {error}")))
}
