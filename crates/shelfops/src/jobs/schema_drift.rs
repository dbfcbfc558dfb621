//! Looks daily whether somebody changed the schema by hand, and raises an alert.

use serde::{Deserialize, Serialize};
use serde_json::json;
use shelfops_db::models::{DueSchedule, Raising};

use super::{Done, Work};
use crate::drift::check;
use crate::ops::output::counted;
use crate::ops::{Context, OpError};

/// How many objects an alert names; the check names them all.
const NAMED: usize = 20;

/// Compares the live schema with the declared one.
pub(crate) struct SchemaDrift;

/// Nothing: it is for the whole database.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Payload {}

impl Work for SchemaDrift {
    const NAME: &'static str = "schema-drift";
    const SUMMARY: &'static str = "Look whether somebody changed the schema by hand";

    type Payload = Payload;

    fn key(_payload: &Payload) -> Option<String> {
        Some("all".to_owned())
    }

    fn scheduled(due: &DueSchedule) -> Option<Payload> {
        // It belongs to no tenant, and no tenant may ask for it.
        due.customer_id.is_none().then_some(Payload {})
    }

    async fn run(context: &Context, _payload: Payload) -> Result<Done, OpError> {
        let found = check(context, None).await?;
        let differences = &found.reconciliation.differences;
        let operator = context.database().await?.operator().await?;
        if differences.is_empty() {
            operator.resolve_platform_alert(Self::NAME).await?;
            operator.commit().await?;
            return Ok(Done::All("no drift".to_owned()));
        }
        let count = counted(differences.len(), "difference");
        let named: Vec<&str> =
            differences.iter().take(NAMED).map(|it| it.object.as_str()).collect();
        let rest = match &found.not_compared {
            Some(_) => ", and nothing but roles could be compared",
            None => "",
        };
        let message = format!(
            "the schema is not as declared: {count}, such as {}{rest}; `shelfops migrate drift` shows them",
            named.first().copied().unwrap_or_default()
        );
        let alert = Raising {
            kind: Self::NAME,
            severity: "warning",
            message: &message,
            evidence: json!({
                "objects": named,
                "differences": differences.len(),
                "fingerprint": found.live.fingerprint(),
                "not_compared": found.not_compared,
            }),
        };
        operator.raise_platform_alert(&alert).await?;
        operator.commit().await?;
        tracing::warn!(differences = differences.len(), "the schema is not as declared");
        Ok(Done::All(count))
    }
}
