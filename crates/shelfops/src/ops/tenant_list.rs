//! Lists the tenants.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::output::counted;
use super::{Context, Effect, OpError, Operation, Output};

/// Lists the tenants.
pub(crate) struct TenantList;

/// Nothing to say.
#[derive(Debug, Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {}

/// One tenant.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Row {
    slug: String,
    customer_id: String,
    created_at: Option<String>,
}

impl Operation for TenantList {
    const NAME: &'static str = "tenant list";
    const SUMMARY: &'static str = "List the retailers";
    const EFFECT: Effect = Effect::Reads;

    type Input = Input;
    type Data = Vec<Row>;

    async fn run(context: &Context, _input: Input) -> Result<Output<Vec<Row>>, OpError> {
        let tenants = context.database().await?.operator().await?.tenants().await?;
        let rows: Vec<Row> = tenants
            .into_iter()
            .map(|tenant| Row {
                slug: tenant.slug,
                customer_id: tenant.customer_id.to_string(),
                created_at: tenant.created_at.map(|at| at.to_string()),
            })
            .collect();
        let output = match rows.len() {
            0 => Output::new("there is no tenant yet", rows)
                .next("shelfops tenant add NAME", "every record belongs to a tenant"),
            count => Output::new(counted(count, "tenant"), rows),
        };
        Ok(output)
    }
}
