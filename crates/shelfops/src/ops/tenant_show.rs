//! Shows what a tenant has.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shelfops_db::models::reference_counts;

use super::output::counted;
use super::{Access, Context, Effect, OpError, Operation, Output};

/// Shows what a tenant has.
pub(crate) struct TenantShow;

/// Which tenant.
#[derive(Debug, Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// The tenant
    pub(crate) slug: String,
}

/// A tenant and how much of what it has.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Shown {
    slug: String,
    name: String,
    customer_id: String,
    currency: Option<String>,
    time_zone: Option<String>,
    stores: i64,
    products: i64,
    suppliers: i64,
    transaction_lines: i64,
    newest_business_date: Option<String>,
    quarantined_records: i64,
}

impl Operation for TenantShow {
    const NAME: &'static str = "tenant show";
    const SUMMARY: &'static str = "Show what a retailer has";
    const EFFECT: Effect = Effect::Reads;
    const ACCESS: Access<Input> = Access::Tenant(|input| &input.slug);

    type Input = Input;
    type Data = Shown;

    async fn run(context: &Context, input: Input) -> Result<Output<Shown>, OpError> {
        let (tenant, tx) = context.tenant(&input.slug).await?;
        let settings = tx.settings().await?;
        let counts = reference_counts(&tx).await?;
        let newest = tx.newest_business_date().await?;
        let waiting = counts.quarantined;
        let data = Shown {
            slug: tenant.slug.clone(),
            name: settings.name,
            customer_id: tenant.customer_id.to_string(),
            currency: settings.currency.map(|currency| currency.code().to_owned()),
            time_zone: settings.time_zone.iana_name().map(str::to_owned),
            stores: counts.stores,
            products: counts.products,
            suppliers: counts.suppliers,
            transaction_lines: counts.transactions,
            newest_business_date: newest.map(|day| day.to_string()),
            quarantined_records: waiting,
        };
        let output = Output::new(format!("{} at a glance", tenant.slug), data);
        Ok(if waiting == 0 {
            output
        } else {
            output.next(
                format!("shelfops quarantine list --tenant {}", tenant.slug),
                format!("says why {} did not pass", counted(waiting, "record")),
            )
        })
    }
}
