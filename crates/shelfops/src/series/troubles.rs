//! Which policies of time series are silent: late, failed or never run, and series without room ahead.

use jiff::Timestamp;
use shelfops_db::{DescribedSeries, Engine, Migrator, TimeSeriesPolicy};

use super::planned::{MISSED, overdue};
use crate::ops::{Context, OpError};

/// How many chunks there must be ahead at least, where they are made ahead: half of what upkeep makes, so
/// that one run may be missed.
const AHEAD_AT_LEAST: usize = 2;

/// The policy that runs as a job of ours: it cannot say of itself that it does not run.
pub(crate) const UPKEEP: &str = "timeseries-upkeep";

/// Something that somebody should look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trouble {
    /// The policy that it is about.
    pub(crate) policy: String,
    /// What is wrong, in a sentence.
    pub(crate) says: String,
}

/// What is looked at.
struct Seen {
    policies: Vec<TimeSeriesPolicy>,
    series: Vec<DescribedSeries>,
    engine: Engine,
    now: Timestamp,
    /// When the schema became what it is: what is younger than a few rounds may not have run yet.
    built_at: Option<Timestamp>,
}

/// Looks for policies that are silent.
///
/// # Errors
/// Fails when the server does.
pub(crate) async fn troubles(context: &Context) -> Result<Vec<Trouble>, OpError> {
    let database = context.database().await?;
    let statuses = Migrator::new(database, context.config().timeseries_engine).status().await?;
    let operator = database.operator().await?;
    let seen = Seen {
        policies: operator.time_series_policies().await?,
        series: operator.describe_time_series().await?,
        engine: operator.timeseries_engine().await?,
        now: operator.time_series_surroundings().await?.now,
        built_at: statuses.iter().filter_map(|status| status.applied_at).max(),
    };
    operator.commit().await?;
    Ok(judge(&seen))
}

fn judge(seen: &Seen) -> Vec<Trouble> {
    let is_young = |every_seconds: i64| {
        seen.built_at.is_none_or(|built_at| {
            seen.now.duration_since(built_at).as_secs() <= MISSED * every_seconds
        })
    };
    let mut troubles = Vec::new();
    for policy in &seen.policies {
        let name = policy.policy.clone();
        let has_failed = policy.last_status.as_deref() == Some("Failed");
        let says = match overdue(policy, seen.now) {
            Some(_) if policy.last_succeeded_at.is_none() && is_young(policy.every_seconds) => None,
            None if has_failed => {
                Some(format!("{name} of {} failed at its last run", policy.object))
            }
            late => late,
        };
        troubles.extend(says.map(|says| Trouble { policy: name, says }));
    }
    let upkeep = seen.policies.iter().find(|policy| policy.policy == UPKEEP);
    let is_made_ahead = matches!(seen.engine, Engine::Native | Engine::Citus);
    if !is_made_ahead || upkeep.is_none_or(|policy| is_young(policy.every_seconds)) {
        return troubles;
    }
    for series in &seen.series {
        let ahead = series.chunks.iter().filter(|chunk| chunk.starts_at > seen.now).count();
        if ahead < AHEAD_AT_LEAST {
            let says = format!(
                "{} has {ahead} of at least {AHEAD_AT_LEAST} chunks ahead: rows that find none are made \
                 one while they wait",
                series.table
            );
            troubles.push(Trouble { policy: "chunks-ahead".to_owned(), says });
        }
    }
    troubles
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

    fn policy(name: &str, hours_ago: Option<i64>, status: Option<&str>) -> TimeSeriesPolicy {
        TimeSeriesPolicy {
            policy: name.to_owned(),
            object: "transactions".to_owned(),
            every_seconds: 3_600,
            last_succeeded_at: hours_ago.map(|hours| NOW - SignedDuration::from_hours(hours)),
            last_status: status.map(str::to_owned),
        }
    }

    fn said(policies: Vec<TimeSeriesPolicy>, engine: Engine, built_hours_ago: i64) -> Vec<String> {
        let series = DescribedSeries {
            table: "transactions".to_owned(),
            chunk_length: SignedDuration::from_hours(7 * 24),
            compress_after: None,
            retain_for: None,
            chunks: Vec::new(),
        };
        let built_at = Some(NOW - SignedDuration::from_hours(built_hours_ago));
        let seen = Seen { policies, series: vec![series], engine, now: NOW, built_at };
        judge(&seen).into_iter().map(|trouble| trouble.says).collect()
    }

    #[test]
    fn what_is_late_or_failed_is_told_and_what_runs_is_not() {
        let healthy = policy("rollup", Some(1), Some("Success"));
        assert_eq!(said(vec![healthy], Engine::Timescale, 900), Vec::<String>::new());
        let ill = vec![
            policy("rollup", Some(9), Some("Success")),
            policy("compression", Some(1), Some("Failed")),
            policy("upkeep", Some(1), Some("paused")),
        ];
        let said = said(ill, Engine::Timescale, 900);
        assert!(said[0].contains("9 h ago"), "{said:?}");
        assert_eq!(said[1], "compression of transactions failed at its last run");
        assert!(said[2].contains("is paused"), "{said:?}");
    }

    #[test]
    fn what_never_ran_is_told_once_it_should_have() {
        let never = || vec![policy(UPKEEP, None, None)];
        assert_eq!(said(never(), Engine::Native, 1), Vec::<String>::new());
        let late = said(never(), Engine::Native, 9);
        assert!(late[0].contains("never run"), "{late:?}");
        // Its work is missing too; TimescaleDB makes chunks when rows come.
        assert!(late[1].contains("transactions has 0 of at least 2 chunks"), "{late:?}");
        assert_eq!(said(never(), Engine::TimescaleApache, 9).len(), 1);
    }
}
