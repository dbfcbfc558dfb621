//! Adds a tenant.

use clap::Args;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shelfops_db::models::NewTenant;
use shelfops_ingest::values::Currency;

use super::{Context, Effect, OpError, Operation, Output};

/// Adds a tenant.
pub(crate) struct TenantAdd;

/// What the new tenant is called and counts in.
#[derive(Debug, Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// The short name that commands take: lower-case letters, digits and '-'
    pub(crate) slug: String,
    /// The name that people read [default: the slug]
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// The currency of records that state none, as ISO 4217 code
    #[arg(long, default_value = "USD")]
    pub(crate) currency: String,
    /// The IANA time zone of stores that state none
    #[arg(long, default_value = "UTC")]
    pub(crate) time_zone: String,
}

/// The tenant.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Added {
    slug: String,
    customer_id: String,
    currency: String,
    time_zone: String,
}

impl Operation for TenantAdd {
    const NAME: &'static str = "tenant add";
    const SUMMARY: &'static str = "Add a retailer";
    const DETAILS: &'static str =
        "Example: shelfops tenant add northwind --currency USD --time-zone America/New_York";
    const EFFECT: Effect = Effect::Changes;

    type Input = Input;
    type Data = Added;

    fn changes_tenant(input: &Input) -> Option<&str> {
        Some(&input.slug)
    }

    async fn run(context: &Context, input: Input) -> Result<Output<Added>, OpError> {
        let currency =
            Currency::parse(&input.currency).map_err(|error| OpError::usage(error.to_string()))?;
        let time_zone = TimeZone::get(&input.time_zone).ok().filter(|zone| !zone.is_unknown());
        let time_zone = time_zone.ok_or_else(|| {
            OpError::usage(format!(
                "'{}' is no IANA time zone; write it like Europe/Berlin",
                input.time_zone
            ))
        })?;
        let name = input.name.unwrap_or_else(|| input.slug.clone());
        let new = NewTenant { slug: input.slug, name, currency, time_zone };
        let tenant = context.database().await?.add_tenant(&new).await?;
        let slug = tenant.slug.clone();
        let data = Added {
            slug: tenant.slug,
            customer_id: tenant.customer_id.to_string(),
            currency: currency.code().to_owned(),
            time_zone: input.time_zone,
        };
        Ok(Output::new(format!("tenant {slug} is there"), data).next(
            format!("shelfops import stores.csv --tenant {slug} --kind stores"),
            "sales can only be counted for stores that are known",
        ))
    }
}
