//! In which order policies must come: nothing may be dropped that something later still has to read.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::Series;
use super::chunk_size::length_name;

/// A policy that comes too early, or never.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Whether rows or figures are lost by it; otherwise work is wasted.
    pub loses_data: bool,
    /// Whether two settings contradict each other: no server keeps them.
    pub is_contradiction: bool,
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub remedy: String,
}

/// Checks the policies of a series against each other and against its rollups.
///
/// `latest` is how late rows may come, and `rolled_up_to` up to where the rollups hold what they will
/// keep when rows are dropped; nothing for rollups that are exact at every moment.
pub fn check_order(
    series: &Series,
    latest: SignedDuration,
    rolled_up_to: Option<Timestamp>,
    now: Timestamp,
) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut add = |loses_data, problem: String, remedy: String| {
        faults.push(Fault { loses_data, is_contradiction: false, problem, remedy });
    };
    let table = &series.table;
    if let Some(after) = series.compress_after
        && after < latest
    {
        add(
            false,
            format!(
                "{table} is compressed after {}, and rows come up to {} late: they have to be packed \
                 again",
                length_name(after),
                length_name(latest)
            ),
            format!("compress after {} at the earliest", length_name(latest)),
        );
    }
    let Some(kept) = series.retain_for else { return faults };
    if let Some(after) = series.compress_after
        && kept <= after
    {
        faults.push(Fault {
            loses_data: false,
            is_contradiction: true,
            problem: format!(
                "{table} is kept for {} and compressed after {}: it is dropped before it is packed",
                length_name(kept),
                length_name(after)
            ),
            remedy: "keep it longer, or do without compression".to_owned(),
        });
    }
    let mut add = |loses_data, problem: String, remedy: String| {
        faults.push(Fault { loses_data, is_contradiction: false, problem, remedy });
    };
    if kept <= latest {
        add(
            true,
            format!(
                "{table} is kept for {}, and rows come up to {} late: they are dropped as they come",
                length_name(kept),
                length_name(latest)
            ),
            format!("keep it for more than {}", length_name(latest)),
        );
    }
    if let Some(rolled_up) = rolled_up_to
        && rolled_up < now - kept
    {
        add(
            true,
            format!(
                "rows of {table} before {} are dropped, and its rollups hold what was before \
                 {rolled_up} only",
                now - kept
            ),
            "refresh the rollups first".to_owned(),
        );
    }
    faults
}
