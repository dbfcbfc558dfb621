//! The planner knows a table as it was long ago, or not at all.

use super::{Finding, Look, Rule};
use crate::plans::TableFacts;
use crate::plans::plan::quoted;
use crate::plans::tree::count;

/// The share of rows that may change until statistics are old: what autovacuum takes too.
const CHANGED: f64 = 0.1;

/// Smaller tables do not decide about a plan.
const ROWS: i64 = 1_000;

/// See the summary.
pub(super) struct StaleStatistics;

impl Rule for StaleStatistics {
    fn name(&self) -> &'static str {
        "stale-statistics"
    }

    fn summary(&self) -> &'static str {
        "A table of the plan has changed by a tenth since it was analysed, or never was."
    }

    fn why(&self) -> &'static str {
        "Every estimate of the plan begins with a table's statistics; without them the planner takes \
         fixed numbers."
    }

    fn look(&self, look: &Look<'_>) -> Vec<Finding> {
        let mut findings: Vec<Finding> = Vec::new();
        for table in &look.facts.tables {
            let Some(reason) = reason(table) else { continue };
            let nodes = || {
                look.nodes().filter(|node| {
                    look.table(node)
                        .is_some_and(|it| it.name == table.name && it.schema == table.schema)
                })
            };
            let Some(first) = nodes().next() else { continue };
            let name = format!("{}.{}", quoted(&table.schema), quoted(&table.name));
            let mut finding = Finding::at(self, look, first, format!("{name}: {reason}"))
                .evidence(format!(
                    "{} rows now, {} known to the planner",
                    count(table.live_rows as f64),
                    count(table.estimated_rows.max(0.0))
                ))
                .advise_sql("bring them up to date", format!("analyze {name};"));
            if table.analysed.is_some() {
                finding = finding.advise_sql(
                    "if it happens again, have it analysed sooner",
                    format!("alter table {name} set (autovacuum_analyze_scale_factor = 0.02);"),
                );
            }
            finding.nodes = nodes().map(|node| node.id).collect();
            findings.push(finding);
        }
        findings
    }
}

/// Says why a table's statistics are not to be relied on.
pub(super) fn reason(table: &TableFacts) -> Option<String> {
    if table.live_rows.max(table.changed_rows) < ROWS {
        return None;
    }
    match table.analysed {
        // Statistics of the collector may have been reset; rows that the planner knows were counted.
        None if table.estimated_rows <= 0.0 => Some("it was never analysed".to_owned()),
        _ if table.changed_rows as f64 > table.live_rows as f64 * CHANGED => {
            let since = table.analysed.map(|lag| format!(", {} ago", lag.shown()));
            Some(format!(
                "{} of {} rows changed since it was analysed{}",
                count(table.changed_rows as f64),
                count(table.live_rows as f64),
                since.unwrap_or_default()
            ))
        }
        _ => None,
    }
}
