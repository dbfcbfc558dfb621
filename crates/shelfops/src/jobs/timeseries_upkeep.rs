//! Keeps what grows with time: partitions made ahead, those that nobody keeps dropped, notifications that
//! were looked at long ago forgotten as are old readings, copies of killed rehearsals removed. Tells of policies that are silent.

use std::fmt::Write as _;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::json;
use shelfops_db::models::{DueSchedule, Raising};

use super::{Done, Work};
use crate::ops::output::counted;
use crate::ops::{Context, OpError};
use crate::rehearsals;
use crate::series::{UPKEEP, troubles};

/// The alert that policies of time series are silent.
pub(crate) const SILENT_POLICIES: &str = "silent-policies";

/// How many chunks there are ahead: four weeks, so that a worker may rest for a while and rows of the
/// present never wait for a chunk to be made.
const AHEAD: i32 = 4;

/// How long a notification is kept after it was looked at, and a reading is told of: four weeks, for whoever asks what a vendor said.
/// No vendor repeats one that late.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(28 * 24);

/// How long a reading is told of that found nothing new: of a vendor who tells something all the time there
/// are two a second.
const NOTHING_NEW: SignedDuration = SignedDuration::from_hours(24);

/// Keeps time series.
pub(crate) struct TimeseriesUpkeep;

/// Nothing: it is for the whole database.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Payload {}

impl Work for TimeseriesUpkeep {
    const NAME: &'static str = UPKEEP;
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
        let (forgotten, readings) = forget(context).await?;
        let told = tell_troubles(context).await?;
        let cleaned = clean_copies(context).await;
        let mut done = format!(
            "{} made ahead, {dropped} dropped, {} forgotten",
            counted(made, "chunk"),
            counted(forgotten, "notification")
        );
        if readings > 0 {
            let _ = write!(done, ", {} forgotten", counted(readings, "old reading"));
        }
        if told > 0 {
            let _ = write!(done, ", {} told", counted(told, "trouble"));
        }
        if cleaned > 0 {
            let _ = write!(done, ", {cleaned} of killed rehearsals cleaned");
        }
        Ok(Done::All(done))
    }
}

/// Raises one alert of all policies that are silent, or takes it back; answers how many there are.
async fn tell_troubles(context: &Context) -> Result<usize, OpError> {
    // While this runs, its own policy does.
    let mut found = troubles(context).await?;
    found.retain(|trouble| trouble.policy != UPKEEP);
    let operator = context.database().await?.operator().await?;
    if found.is_empty() {
        operator.resolve_platform_alert(SILENT_POLICIES).await?;
    } else {
        let says: Vec<&str> = found.iter().map(|trouble| trouble.says.as_str()).collect();
        let message = format!("{}; `shelfops timeseries plan` shows more", says.join("; "));
        let alert = Raising {
            kind: SILENT_POLICIES,
            severity: "warning",
            message: &message,
            evidence: json!({ "troubles": says }),
        };
        operator.raise_platform_alert(&alert).await?;
        tracing::warn!(troubles = found.len(), "policies of time series are silent");
    }
    operator.commit().await?;
    Ok(found.len())
}

/// Drops the copies of the database that killed rehearsals left behind; answers how many. What cannot be
/// dropped now is dropped another time, and is no reason for upkeep to fail.
async fn clean_copies(context: &Context) -> usize {
    match rehearsals::clean(context).await {
        Ok(cleaned) => cleaned.len(),
        Err(error) => {
            tracing::warn!(
                error = error.to_string(),
                "copies of killed rehearsals were not cleaned"
            );
            0
        }
    }
}

/// Forgets every tenant's notifications that were looked at long ago, and old readings; answers how many of
/// each.
async fn forget(context: &Context) -> Result<(u64, u64), OpError> {
    let database = context.database().await?;
    let operator = database.operator().await?;
    let tenants = operator.tenants().await?;
    operator.commit().await?;
    let (before, nothing_new) = (context.now() - REMEMBERED, context.now() - NOTHING_NEW);
    let (mut notifications, mut readings) = (0, 0);
    for tenant in tenants {
        let tx = database.tenant(tenant.customer_id).await?;
        notifications += tx.forget_webhook_events(before).await?;
        readings += tx.forget_readings(before, nothing_new).await?;
        tx.commit().await?;
    }
    Ok((notifications, readings))
}
