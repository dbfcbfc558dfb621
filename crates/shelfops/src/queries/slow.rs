//! Looks after statements that were slow: what became of each, since it was last looked at.

use std::collections::HashMap;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use shelfops_advisor::workload::{Counters, Known, Seen, Standing, standing};
use shelfops_db::models::{SeenStatement, SlowState, SlowStatement};

use crate::ops::{Context, OpError};

/// The longest text that is kept of a statement.
const LONGEST: usize = 20_000;

/// How far a zone's clock is before that of the whole world at most.
const FURTHEST_ZONE: SignedDuration = SignedDuration::from_hours(14);

/// A statement that may be slow.
pub(crate) struct Candidate {
    /// Its name.
    pub(crate) statement_id: String,
    /// Its text, without values.
    pub(crate) text: String,
    /// Its slowest run.
    pub(crate) max_ms: f64,
    /// What it takes on average.
    pub(crate) mean_ms: f64,
    /// How often it ran.
    pub(crate) calls: i64,
    /// Its runs since it was last looked at, or those in a log.
    pub(crate) lately: Option<Counters>,
    /// The slowest of those, where that is known.
    pub(crate) max_lately_ms: Option<f64>,
    /// Its runs over a longer time.
    pub(crate) longer: Option<Counters>,
    /// When it was logged, where the runs are those of a log. What was looked at since says nothing new.
    pub(crate) logged: Option<Logged>,
}

/// When runs of a statement were logged.
#[derive(Clone, Copy)]
pub(crate) struct Logged {
    pub(crate) first: Timestamp,
    pub(crate) slowest: Timestamp,
}

/// Reads when something was logged: no earlier than that, whatever zone is meant by its letters.
pub(crate) fn logged_at(said: &str) -> Option<Timestamp> {
    let mut words = said.split(' ');
    let (date, time) = (words.next()?, words.next()?);
    let moment: DateTime = format!("{date}T{time}").parse().ok()?;
    let moment = TimeZone::UTC.to_timestamp(moment).ok()?;
    match words.next() {
        Some("UTC" | "GMT") => Some(moment),
        _ => moment.checked_sub(FURTHEST_ZONE).ok(),
    }
}

/// Remembers which statements are slow, and returns all that ever were and are not settled.
pub(crate) async fn look_after(
    context: &Context,
    candidates: &[Candidate],
    threshold_ms: f64,
) -> Result<Vec<SlowStatement>, OpError> {
    let operator = context.database().await?.operator().await?;
    let known: HashMap<String, SlowStatement> = operator
        .slow_statements()
        .await?
        .into_iter()
        .map(|each| (each.statement_id.clone(), each))
        .collect();
    let seen: Vec<SeenStatement> = candidates
        .iter()
        .filter_map(|candidate| {
            let before = known.get(&candidate.statement_id);
            let known = before
                .map(|known| Known { standing: standing_of(known.state), max_ms: known.max_ms });
            // A log that grows still has the runs that were looked at before.
            let last_seen_at = before.and_then(|known| known.last_seen_at);
            let is_news = |at| candidate.logged.is_none() || at > last_seen_at;
            let [first, slowest] =
                [candidate.logged.map(|it| it.first), candidate.logged.map(|it| it.slowest)];
            let seen = Seen {
                max_ms: candidate.max_ms,
                lately: candidate.lately.filter(|_| is_news(first)),
                max_lately_ms: candidate.max_lately_ms.filter(|_| is_news(slowest)),
                longer: candidate.longer,
            };
            let standing = standing(known, seen, threshold_ms)?;
            Some(SeenStatement {
                statement_id: candidate.statement_id.clone(),
                statement: shortened(&candidate.text),
                state: state_of(standing),
                max_ms: candidate.max_ms,
                mean_ms: candidate.mean_ms,
                calls: candidate.calls,
            })
        })
        .collect();
    operator.see_slow_statements(&seen).await?;
    let all = operator.slow_statements().await?;
    operator.commit().await?;
    Ok(all)
}

fn shortened(text: &str) -> String {
    let mut text = text.replace('\0', "");
    text.truncate(text.floor_char_boundary(LONGEST));
    text
}

const fn standing_of(state: SlowState) -> Standing {
    match state {
        SlowState::Open => Standing::Open,
        SlowState::Advised => Standing::Advised,
        SlowState::Fixed => Standing::Fixed,
        SlowState::Muted => Standing::Muted,
    }
}

const fn state_of(standing: Standing) -> SlowState {
    match standing {
        Standing::Open => SlowState::Open,
        Standing::Advised => SlowState::Advised,
        Standing::Fixed => SlowState::Fixed,
        Standing::Muted => SlowState::Muted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_of_a_log_is_never_taken_for_a_later_one() {
        let read = |said| logged_at(said).map(|moment| moment.to_string());
        let utc = read("2026-11-27 02:37:28.164 UTC");
        assert_eq!(utc.as_deref(), Some("2026-11-27T02:37:28.164Z"));
        let elsewhere = read("2026-11-27 02:37:28 AEST");
        assert_eq!(elsewhere.as_deref(), Some("2026-11-26T12:37:28Z"));
        assert_eq!(read("yesterday"), None);
    }
}
