//! Puts together what is known of a time series and what is advised.

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};
use shelfops_advisor::timeseries::{
    Chunk, ChunkVerdict, Fault, Series, advise_chunk_size, check_order, compressed_by, dropped_by,
    forecast, packed_again_by,
};
use shelfops_db::{DescribedSeries, Engine, TimeSeriesPolicy, TimeSeriesSurroundings};

/// How late the sources' rows may come: a till without a connection keeps sales for 72 hours (the
/// longest that a vendor of ours lets one, by its documentation on offline payments).
const LATEST: SignedDuration = SignedDuration::from_hours(72);

/// How often a policy may be missed before somebody should look.
pub(super) const MISSED: i64 = 3;

/// Settings that somebody wants.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Change {
    /// How old a chunk gets before it is compressed, where that is to change; `Some(None)` for never.
    pub(crate) compress_after: Option<Option<SignedDuration>>,
    /// How old a chunk gets before it is dropped, where that is to change; `Some(None)` for never.
    pub(crate) retain_for: Option<Option<SignedDuration>>,
}

/// What is planned for one time series.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct SeriesPlan {
    /// The table.
    pub(crate) table: String,
    /// What keeps it.
    pub(crate) engine: String,
    /// How long a new chunk is, in seconds.
    pub(crate) chunk_seconds: i64,
    /// After how many seconds a chunk is compressed; null for never.
    pub(crate) compress_after_seconds: Option<i64>,
    /// For how many seconds rows are kept; null for ever.
    pub(crate) retain_for_seconds: Option<i64>,
    /// How long a chunk should be, and the arithmetic.
    pub(crate) chunk_size: Value,
    /// What is to be compressed now.
    pub(crate) compression: Value,
    /// Compressed chunks into which rows came later.
    pub(crate) packed_again: Value,
    /// What is to be dropped now.
    pub(crate) retention: Value,
    /// What the disk will have to hold.
    pub(crate) forecast: Value,
    /// What is wrong with the policies.
    pub(crate) faults: Vec<String>,
    /// Whether one of those loses rows or figures.
    pub(crate) loses_data: bool,
    /// Whether the settings contradict each other, so that the server refuses them.
    pub(crate) is_refused: bool,
}

/// Plans a series as it is set, or as somebody wants it to be.
pub(crate) fn plan(
    described: &DescribedSeries,
    all: &[DescribedSeries],
    engine: Engine,
    around: &TimeSeriesSurroundings,
    change: Change,
) -> SeriesPlan {
    let now = around.now;
    let series = read(described, engine, change);
    let growth_of = |each: &DescribedSeries| {
        let growth = read(each, engine, Change::default()).growth(now);
        growth.map_or(0.0, |growth| growth.bytes_a_day)
    };
    // Tables share memory as they share what is written.
    let written: f64 = all.iter().map(growth_of).sum();
    let share = if written > 0.0 { growth_of(described) / written } else { 1.0 };
    let chunk_size = advise_chunk_size(&series, now, around.shared_buffers as f64, share);
    let compression = match (series.can_compress, series.compress_after) {
        (true, Some(after)) => json!(compressed_by(&series, after, now)),
        _ => Value::Null,
    };
    let retention = series.retain_for.map(|kept| dropped_by(&series, kept, now));
    // Only lines of sales are rolled up.
    let is_rolled_up = described.table == "transactions" && around.has_lines_to_roll_up;
    let rolled_up_to = around.rolled_up_to.filter(|_| is_rolled_up);
    let faults = check_order(&series, LATEST, rolled_up_to, now);
    SeriesPlan {
        table: described.table.clone(),
        engine: engine.name().to_owned(),
        chunk_seconds: described.chunk_length.as_secs(),
        compress_after_seconds: series.compress_after.map(|after| after.as_secs()),
        retain_for_seconds: series.retain_for.map(|kept| kept.as_secs()),
        chunk_size: json!(chunk_size),
        compression,
        packed_again: json!(packed_again_by(&series)),
        retention: json!(retention),
        forecast: json!(forecast(&series, now)),
        is_refused: faults.iter().any(|fault| fault.is_contradiction),
        loses_data: faults.iter().any(|fault| fault.loses_data),
        faults: faults
            .into_iter()
            .map(|Fault { problem, remedy, .. }| format!("{problem}; {remedy}"))
            .collect(),
    }
}

impl SeriesPlan {
    /// Whether chunks should have another length, and which.
    pub(crate) fn other_length(&self) -> Option<(&str, &str)> {
        let fits = json!(ChunkVerdict::Fits);
        if self.chunk_size.is_null() || self.chunk_size["verdict"] == fits {
            return None;
        }
        self.chunk_size["recommended"].as_str().zip(self.chunk_size["because"].as_str())
    }
}

/// Reads what the advisor wants to know. An engine that cannot compress has no such policy.
fn read(described: &DescribedSeries, engine: Engine, change: Change) -> Series {
    let can_compress = engine == Engine::Timescale;
    let compress_after = change.compress_after.unwrap_or(described.compress_after);
    Series {
        table: described.table.clone(),
        chunk_length: described.chunk_length,
        compress_after: compress_after.filter(|_| can_compress),
        retain_for: change.retain_for.unwrap_or(described.retain_for),
        can_compress,
        chunks: described
            .chunks
            .iter()
            .map(|chunk| Chunk {
                name: chunk.name.clone(),
                starts_at: chunk.starts_at,
                ends_at: chunk.ends_at,
                bytes: chunk.bytes,
                bytes_before: chunk.bytes_before,
                rows: chunk.rows,
                is_compressed: chunk.is_compressed,
                is_partial: chunk.is_partial,
            })
            .collect(),
    }
}

/// Says what is wrong with a policy that did not go well for long.
pub(super) fn overdue(policy: &TimeSeriesPolicy, now: Timestamp) -> Option<String> {
    let name = format!("{} of {}", policy.policy, policy.object);
    if policy.last_status.as_deref() == Some("paused") {
        return Some(format!("{name} is paused"));
    }
    let Some(at) = policy.last_succeeded_at else {
        return Some(format!("{name} has never run"));
    };
    let seconds = now.duration_since(at).as_secs();
    (seconds > MISSED * policy.every_seconds).then(|| {
        format!(
            "{name} went well {} ago, and should every {}",
            span(seconds),
            span(policy.every_seconds)
        )
    })
}

/// Writes a span of time as people say it.
pub(super) fn span(seconds: i64) -> String {
    match seconds {
        ..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(seconds_ago: Option<i64>, status: Option<&str>) -> (TimeSeriesPolicy, Timestamp) {
        let now = Timestamp::constant(1_800_000_000, 0);
        let policy = TimeSeriesPolicy {
            policy: "rollup".to_owned(),
            object: "daily_sales".to_owned(),
            every_seconds: 1_800,
            last_succeeded_at: seconds_ago.map(|ago| now - SignedDuration::from_secs(ago)),
            last_status: status.map(str::to_owned),
        };
        (policy, now)
    }

    #[test]
    fn a_policy_that_is_late_paused_or_never_ran_is_told() {
        let of = |ago, status| {
            let (policy, now) = policy(ago, status);
            overdue(&policy, now)
        };
        assert_eq!(of(Some(1_700), Some("Success")), None);
        let late = of(Some(9_000), None).unwrap();
        assert_eq!(late, "rollup of daily_sales went well 2 h ago, and should every 30 min");
        assert_eq!(of(None, None).unwrap(), "rollup of daily_sales has never run");
        assert_eq!(of(Some(9), Some("paused")).unwrap(), "rollup of daily_sales is paused");
    }
}
