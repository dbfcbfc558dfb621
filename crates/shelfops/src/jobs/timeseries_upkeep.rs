//! Keeps what grows with time: partitions made ahead, those that nobody keeps dropped, notifications that
//! were looked at long ago forgotten.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use shelfops_db::models::DueSchedule;

use super::{Done, Work};
use crate::ops::output::counted;
use crate::ops::{Context, OpError};

/// How many chunks there are ahead: four weeks, so that a worker may rest for a while and rows of the
/// present never wait for a chunk to be made.
const AHEAD: i32 = 4;

/// How long a notification is kept after it was looked at: four weeks, for whoever asks what a vendor said.
/// No vendor repeats one that late.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(28 * 24);

/// Keeps time series.
pub(crate) struct TimeseriesUpkeep;

/// Nothing: it is for the whole database.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Payload {}

impl Work for TimeseriesUpkeep {
    const NAME: &'static str = "timeseries-upkeep";
    const SUMMARY: &'static str = "Make partitions ahead, drop those nobody keeps";

    type Payload = Payload;

    fn key(_payload: &Payload) -> Option<String> {
        Some("all".to_owned())
    }

    fn scheduled(due: &DueSchedule) -> Option<Payload> {
        // It belongs to no tenant, and no tenant may ask for it.
        due.customer_id.is_none().then_some(Payload {})
    }

    async fn run(context: &Context, _payload: Payload) -> Result<Done, OpError> {
        let kept = context.database().await?.keep_time_series(AHEAD).await?;
        let made: i32 = kept.iter().map(|series| series.made).sum();
        let dropped: i32 = kept.iter().map(|series| series.dropped).sum();
        let forgotten = forget_notifications(context).await?;
        Ok(Done::All(format!(
            "{} made ahead, {dropped} dropped, {} forgotten",
            counted(made, "chunk"),
            counted(forgotten, "notification")
        )))
    }
}

/// Forgets every tenant's notifications that were looked at long ago; answers how many.
async fn forget_notifications(context: &Context) -> Result<u64, OpError> {
    let database = context.database().await?;
    let operator = database.operator().await?;
    let tenants = operator.tenants().await?;
    operator.commit().await?;
    let before = context.now() - REMEMBERED;
    let mut forgotten = 0;
    for tenant in tenants {
        let tx = database.tenant(tenant.customer_id).await?;
        forgotten += tx.forget_webhook_events(before).await?;
        tx.commit().await?;
    }
    Ok(forgotten)
}
