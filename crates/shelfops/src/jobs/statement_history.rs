//! Keeps what the server counted for its statements, so that those that become slower show.

use serde::{Deserialize, Serialize};
use shelfops_db::models::DueSchedule;

use super::{Done, Work};
use crate::ops::output::counted;
use crate::ops::{Context, OpError};
use crate::queries::{self, Counted};

/// Keeps the server's counters.
pub(crate) struct StatementHistory;

/// Nothing: it is for the whole database.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Payload {}

impl Work for StatementHistory {
    const NAME: &'static str = "statement-history";
    const SUMMARY: &'static str = "Keep what statements cost, to see which become slower";

    type Payload = Payload;

    fn key(_payload: &Payload) -> Option<String> {
        Some("all".to_owned())
    }

    fn scheduled(due: &DueSchedule) -> Option<Payload> {
        // It belongs to no tenant, and no tenant may ask for it.
        due.customer_id.is_none().then_some(Payload {})
    }

    async fn run(context: &Context, _payload: Payload) -> Result<Done, OpError> {
        match queries::count(context).await? {
            Counted::Statements(statistics) => {
                let kept = queries::keep(context, &statistics).await?;
                Ok(Done::All(format!("{} kept", counted(kept, "statement"))))
            }
            // Nobody's failure: there is nothing to keep.
            Counted::Missing { what, .. } => Ok(Done::All(what.to_owned())),
        }
    }
}
