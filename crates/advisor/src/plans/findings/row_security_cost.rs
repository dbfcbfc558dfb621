//! A policy, or a filter like one, asks for a setting once for each row.

use super::{Finding, Look, Rule};
use crate::plans::tree::count;

/// Fewer rows are no matter.
const ROWS: f64 = 10_000.0;

/// See the summary.
pub(super) struct RowSecurityCost;

impl Rule for RowSecurityCost {
    fn name(&self) -> &'static str {
        "row-security-cost"
    }

    fn summary(&self) -> &'static str {
        "A filter calls current_setting for each of more than ten thousand rows."
    }

    fn why(&self) -> &'static str {
        "Called bare, the function runs for each row and cannot be pushed into compressed chunks; as a \
         subquery it runs once and is a parameter, which an index can look for."
    }

    fn look(&self, look: &Look<'_>) -> Vec<Finding> {
        let scans = look.nodes().filter(|node| node.relation.is_some() && look.is_worth_it(node));
        let asking = scans.filter_map(|node| {
            let filter = node.conditions.filter.as_deref()?;
            let rows = node.actual_rows()? + node.filtered_rows();
            (filter.contains("current_setting(") && rows >= ROWS).then_some((node, filter, rows))
        });
        asking
            .map(|(node, filter, rows)| {
                let what = format!("current_setting is called for {} rows", count(rows));
                let finding =
                    Finding::at(self, look, node, what).evidence(format!("filter: {filter}"));
                let finding = match look.table(node) {
                    Some(table) if table.has_row_security => finding
                        .evidence("the table has row security: it may be the policy's condition"),
                    _ => finding,
                };
                finding.advise_sql(
                    "wrap the call into a subquery, in the policy or the statement",
                    "using (tenant_id = (select current_setting('app.tenant_id')::uuid))",
                )
            })
            .collect()
    }
}
