//! A continuous aggregate adds up much of its source while it is read.

use super::chunks_not_excluded::conditions;
use super::old_chunks_uncompressed::look_after;
use super::{Confidence, Finding, Look, Rule};
use crate::plans::condition::{Side, clause};
use crate::plans::tree::count;
use crate::plans::{Node, RollupFacts};

/// Fewer rows are added up in no time.
const ROWS: f64 = 10_000.0;

/// See the summary.
pub(super) struct RealtimeTail;

impl Rule for RealtimeTail {
    fn name(&self) -> &'static str {
        "realtime-tail"
    }

    fn summary(&self) -> &'static str {
        "A continuous aggregate adds up ten thousand rows that it does not keep yet, while it is read."
    }

    fn why(&self) -> &'static str {
        "Behind what a continuous aggregate keeps, its rows are grouped anew each time somebody asks: the \
         farther its refresh lags, the more of them."
    }

    fn look(&self, look: &Look<'_>) -> Vec<Finding> {
        let rollups = look.facts.rollups.iter();
        rollups.filter_map(|rollup| self.judge(look, rollup)).collect()
    }
}

/// Whether what a node reads is the part that a continuous aggregate does not keep yet.
pub(super) fn concerns(look: &Look<'_>, node: &Node) -> bool {
    let reads = |rollup| look.plan.below(node).any(|below| bound(look, below, rollup).is_some());
    look.facts.rollups.iter().any(reads)
}

impl RealtimeTail {
    fn judge(&self, look: &Look<'_>, rollup: &RollupFacts) -> Option<Finding> {
        let tail: Vec<(&Node, Bound<'_>)> = look
            .nodes()
            .filter_map(|node| bound(look, node, rollup).map(|bound| (node, bound)))
            .collect();
        let (first, bound) = tail.first()?;
        let read =
            |node: &Node| node.actual_rows().unwrap_or(node.estimate.rows) + node.filtered_rows();
        let rows: f64 = tail.iter().map(|(node, _)| read(node)).sum();
        let top = top(look, first, rollup);
        if rows < ROWS || !look.is_worth_it_below(top) {
            return None;
        }
        let verb = if first.actual.is_some() { "are" } else { "would be (estimated)" };
        let what = format!(
            "{} rows of {} {verb} added up while {} is read: it does not keep them yet",
            count(rows),
            rollup.source,
            rollup.name
        );
        let kept = match (rollup.behind, rollup.watermark) {
            (Some(lag), _) => format!("kept up to {} ago", lag.shown()),
            (None, Some(mark)) => format!("kept up to {mark}"),
            (None, None) => "nothing is kept yet".to_owned(),
        };
        let finding = Finding::at(self, look, top, what)
            .share_of(look.share_below(top))
            .evidence(kept)
            .evidence(format!("condition: {}", bound.text));
        let name = rollup.name.replace('\'', "''");
        // A refresh begins where the last one ended, as the plan writes it.
        let from = match (bound.value, rollup.watermark) {
            (Some(value), Some(_)) => value,
            _ => "null",
        };
        let finding = finding.advise_sql(
            "keep what is there now",
            format!("call refresh_continuous_aggregate('{name}', {from}, null);"),
        );
        let finding = match &rollup.refresh {
            Some(job) => look_after(finding, job, "refreshed").advise(
                "if the tail is as long between two runs of the job, let its policy leave out less \
                 (end_offset), and run more often",
            ),
            None => finding.evidence("no policy refreshes it").advise_sql(
                "have it refreshed: as often, and as near to now, as late rows allow",
                format!(
                    "select add_continuous_aggregate_policy('{name}', start_offset => null,\n    \
                     end_offset => interval '1 hour', schedule_interval => interval '1 hour');"
                ),
            ),
        };
        // Somebody may have asked for that time himself.
        let is_sure = bound.value.is_none() && look.plan.is_measured();
        Some(if is_sure { finding } else { finding.confidence(Confidence::Medium) })
    }
}

/// The condition that keeps a scan to what is not kept.
#[derive(Clone, Copy, Debug)]
struct Bound<'n> {
    text: &'n str,
    /// The constant in it, where the planner put one in the place of the watermark.
    value: Option<&'n str>,
}

/// Returns the condition by which a scan of a rollup's source begins where the rollup is kept up to.
fn bound<'n>(look: &Look<'_>, node: &'n Node, rollup: &RollupFacts) -> Option<Bound<'n>> {
    let table = look.table(node)?;
    if table.part_of.as_deref() != Some(rollup.source.as_str()) {
        return None;
    }
    let column = table.partition_columns.first()?;
    let asks = format!("cagg_watermark({})", rollup.hypertable_id);
    conditions(node).find_map(|text| {
        if text.contains(&asks) {
            return Some(Bound { text, value: None });
        }
        let clause = clause(text)?;
        let (Side::Column(found), ">=") = clause.subject()? else { return None };
        let value = if clause.subject_is_left() { clause.right } else { clause.left };
        let is_bound = found == *column && moment(value)? == rollup.watermark;
        is_bound.then_some(Bound { text, value: Some(value) })
    })
}

/// Returns the highest node that reads nothing but the tail.
fn top<'l>(look: &Look<'l>, first: &'l Node, rollup: &RollupFacts) -> &'l Node {
    let is_tail = |node: &Node| {
        let decompresses = look.plan.parent(node).filter(|it| it.relation.is_some());
        let node = decompresses.unwrap_or(node);
        bound(look, node, rollup).is_some()
    };
    let reads_only_tail =
        |above: &&Node| look.plan.below(above).filter(|node| node.relation.is_some()).all(is_tail);
    look.plan.ancestors(first).take_while(reads_only_tail).last().unwrap_or(first)
}

/// Reads a constant as EXPLAIN prints it, in the microseconds that TimescaleDB counts, or the number that
/// it is. What lies before all times is nothing: so a watermark is printed where nothing was ever kept.
fn moment(value: &str) -> Option<Option<i64>> {
    let quoted = value.strip_prefix('\'').and_then(|rest| rest.split('\'').next());
    let text = quoted.unwrap_or(value);
    if text == "-infinity" || text.ends_with(" BC") {
        return Some(None);
    }
    let number = || text.parse::<i64>().ok();
    let time = || Some(text.parse::<jiff::Timestamp>().ok()?.as_microsecond());
    let civil = || {
        let civil: jiff::civil::DateTime = text.parse().ok()?;
        Some(jiff::tz::TimeZone::UTC.to_timestamp(civil).ok()?.as_microsecond())
    };
    number().or_else(time).or_else(civil).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_read_as_they_are_printed() {
        let day = Some(Some(1_767_484_800_000_000));
        for text in [
            "'2026-01-04 00:00:00+00'::timestamp with time zone",
            "'2026-01-03 19:00:00-05'::timestamp with time zone",
            "'2026-01-04 05:30:00+05:30'::timestamp with time zone",
            "'2026-01-04 00:00:00'::timestamp without time zone",
            "'2026-01-04'::date",
        ] {
            assert_eq!(moment(text), day, "{text}");
        }
        assert_eq!(moment("'42'::bigint"), Some(Some(42)));
        assert_eq!(moment("42"), Some(Some(42)));
        for text in ["'4714-11-24 00:00:00+00 BC'::timestamp with time zone", "'-infinity'::date"] {
            assert_eq!(moment(text), Some(None), "{text}");
        }
        assert_eq!(moment("now()"), None);
    }
}
