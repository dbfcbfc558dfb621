//! NOT IN with a subquery.

use super::{Finding, Look, Rule};
use crate::plans::tree::count;

/// See the summary.
pub(super) struct NotInSubquery;

impl Rule for NotInSubquery {
    fn name(&self) -> &'static str {
        "not-in-subquery"
    }

    fn summary(&self) -> &'static str {
        "NOT IN with a subquery is looked at for each row."
    }

    fn why(&self) -> &'static str {
        "NOT IN is unknown as soon as the subquery gives a null, so the planner may not join: the subquery's \
         rows are hashed if they fit into work_mem, else read again for each row; and with one null the \
         answer is empty."
    }

    fn look(&self, look: &Look<'_>) -> Vec<Finding> {
        let filters = look.nodes().filter_map(|node| {
            let filter = node.conditions.filter.as_deref()?;
            // Since version 17 the comparison itself is printed; before, the subquery's name alone.
            let is_negated = filter.contains("NOT (SubPlan")
                || filter.contains("NOT (hashed SubPlan")
                || filter.contains("NOT (ANY") && filter.contains("SubPlan");
            (is_negated && look.is_worth_it_below(node)).then_some((node, filter))
        });
        filters
            .map(|(node, filter)| {
                let is_hashed = filter.contains("hashed SubPlan");
                let rows = node.actual_rows().unwrap_or(node.estimate.rows) + node.filtered_rows();
                let how = if is_hashed { "its rows are hashed" } else { "it is read for each row" };
                let what =
                    format!("NOT IN is decided for {} rows by a subquery: {how}", count(rows));
                Finding::at(self, look, node, what)
                    .share_of(look.share_below(node))
                    .evidence(format!("filter: {filter}"))
                    .advise_sql(
                        "say it as NOT EXISTS, which is a join, and what was meant where nulls are",
                        "where not exists (select from other where other.key = this.key)",
                    )
            })
            .collect()
    }
}
