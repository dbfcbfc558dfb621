//! Keeps time series: partitions made ahead, and dropped when nothing in them is to be kept.

use serde::{Deserialize, Serialize};
use shelfops_db::models::DueSchedule;

use super::{Done, Work};
use crate::ops::output::counted;
use crate::ops::{Context, OpError};

/// How many chunks there are ahead: four weeks, so that a worker may rest for a while and rows of the
/// present never wait for a chunk to be made.
const AHEAD: i32 = 4;

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
        Ok(Done::All(format!("{} made ahead, {dropped} dropped", counted(made, "chunk"))))
    }
}
