//! An index has all that is asked for, and the table is looked into all the same.

use super::{Finding, Look, Rule};
use crate::plans::tree::count;

/// The share of rows that may need the table.
const FETCHED: f64 = 0.1;

/// Fewer are no matter.
const ROWS: f64 = 1_000.0;

/// See the summary.
pub(super) struct HeapFetches;

impl Rule for HeapFetches {
    fn name(&self) -> &'static str {
        "heap-fetches"
    }

    fn summary(&self) -> &'static str {
        "An index-only scan looks into the table for a tenth of its rows."
    }

    fn why(&self) -> &'static str {
        "Pages that changed since the last vacuum are not known to be visible to all, so each of their \
         rows is fetched to see; the index alone would have done."
    }

    fn look(&self, look: &Look<'_>) -> Vec<Finding> {
        let scans = look.nodes().filter(|node| look.is_worth_it(node)).filter_map(|node| {
            let fetched = node.heap_fetches?;
            let rows = node.actual_rows()?;
            (fetched >= ROWS && fetched > rows * FETCHED).then_some((node, fetched, rows))
        });
        scans
            .map(|(node, fetched, rows)| {
                let what = format!(
                    "{} of {} rows were fetched from the table",
                    count(fetched),
                    count(rows)
                );
                let name = node.table().unwrap_or_default();
                let mut finding = Finding::at(self, look, node, what);
                if let Some(table) = look.table(node) {
                    let vacuumed = table.vacuumed.map(|lag| format!("{} ago", lag.shown()));
                    finding = finding.evidence(format!(
                        "vacuumed {}, {} dead rows",
                        vacuumed.unwrap_or_else(|| "never, as far as is known".to_owned()),
                        count(table.dead_rows as f64)
                    ));
                }
                finding
                    .advise_sql(
                        "let it be known which pages all may see",
                        format!("vacuum {name};"),
                    )
                    .advise_sql(
                        "if it happens again, have it vacuumed sooner after inserts",
                        format!(
                            "alter table {name} set (autovacuum_vacuum_insert_scale_factor = 0.02);"
                        ),
                    )
            })
            .collect()
    }
}
