//! How the plans of time series read for people.

use std::fmt::Write as _;

use serde_json::Value;
use shelfops_advisor::timeseries::bytes;
use shelfops_db::{TimeSeriesPolicy, TimeSeriesSurroundings};

use super::planned::{SeriesPlan, overdue, span};

/// How many chunks are named; the rest are counted.
const NAMED: usize = 6;

/// Writes the page.
pub(crate) fn page(
    plans: &[SeriesPlan],
    policies: &[TimeSeriesPolicy],
    around: &TimeSeriesSurroundings,
) -> String {
    let mut page = String::new();
    for plan in plans {
        series(&mut page, plan);
    }
    let _ = writeln!(page, "policies");
    for policy in policies {
        let state = overdue(policy, around.now).unwrap_or_else(|| {
            let ago = policy.last_succeeded_at.map(|at| around.now.duration_since(at).as_secs());
            format!(
                "{} of {} went well {} ago, every {}",
                policy.policy,
                policy.object,
                span(ago.unwrap_or_default()),
                span(policy.every_seconds)
            )
        });
        let _ = writeln!(page, "  {state}");
    }
    let rollups = match around.rolled_up_to {
        None => "rollups are exact at every moment".to_owned(),
        Some(at) => format!(
            "rollups are kept up to {at}, {} ago; what is later is added when they are read",
            span(around.now.duration_since(at).as_secs())
        ),
    };
    let _ = writeln!(page, "  {rollups}");
    page
}

fn series(page: &mut String, plan: &SeriesPlan) {
    let _ = writeln!(page, "{} ({})", plan.table, plan.engine);
    let growth = &plan.forecast["growth"];
    if let (Some(a_day), Some(days)) =
        (growth["bytes_a_day"].as_f64(), growth["measured_days"].as_f64())
    {
        let rows = growth["rows_a_day"].as_f64().unwrap_or_default();
        let _ = writeln!(
            page,
            "  grows      {} and about {rows:.0} rows a day, measured on {days:.0} days",
            bytes(a_day)
        );
    } else {
        let _ = writeln!(page, "  grows      nothing to measure yet");
    }
    let length = span(plan.chunk_seconds);
    match plan.other_length() {
        None if plan.chunk_size.is_null() => {}
        None => {
            let because = plan.chunk_size["because"].as_str().unwrap_or_default();
            let _ = writeln!(page, "  chunks     {length} fit: {because}");
        }
        Some((other, because)) => {
            let _ = writeln!(page, "  chunks     {length}; {other} would fit better: {because}");
        }
    }
    policy(page, "compress", plan.compress_after_seconds, "after", &plan.compression);
    if plan.packed_again["chunks"].as_array().is_some_and(|chunks| !chunks.is_empty()) {
        let _ = writeln!(page, "  pack again {}", touched(&plan.packed_again));
    }
    policy(page, "keep", plan.retain_for_seconds, "for", &plan.retention);
    if let Some(outlook) = plan.forecast["outlook"].as_array() {
        let told: Vec<String> = outlook
            .iter()
            .map(|each| {
                let size = bytes(each["bytes"].as_f64().unwrap_or_default());
                format!("{size} in {} days", each["days"])
            })
            .collect();
        let now = bytes(plan.forecast["now_bytes"].as_f64().unwrap_or_default());
        let _ = writeln!(page, "  disk       {now} now, {}", told.join(", "));
    }
    for fault in &plan.faults {
        let _ = writeln!(page, "  ! {fault}");
    }
    page.push('\n');
}

fn policy(page: &mut String, name: &str, seconds: Option<i64>, word: &str, now: &Value) {
    let when = match (name, seconds) {
        ("keep", None) => "for ever".to_owned(),
        (_, None) => "never".to_owned(),
        (_, Some(seconds)) => format!("{word} {}", span(seconds)),
    };
    let effect = if now.is_null() { String::new() } else { format!("; now: {}", touched(now)) };
    let _ = writeln!(page, "  {name:<10} {when}{effect}");
}

/// Names the chunks that something touches.
fn touched(touched: &Value) -> String {
    let chunks = touched["chunks"].as_array().map(Vec::as_slice).unwrap_or_default();
    if chunks.is_empty() {
        return "nothing".to_owned();
    }
    let names: Vec<&str> =
        chunks.iter().take(NAMED).filter_map(|chunk| chunk["name"].as_str()).collect();
    let more = chunks.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let freed = touched["freed_bytes"]
        .as_f64()
        .filter(|freed| touched["bytes"].as_f64() != Some(*freed))
        .map(|freed| format!(", of which {} become free", bytes(freed)))
        .unwrap_or_default();
    let size = bytes(touched["bytes"].as_f64().unwrap_or_default());
    format!("{} chunks with {size}{freed}: {}{more}", chunks.len(), names.join(", "))
}
