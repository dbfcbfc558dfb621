//! A common table expression is made as a whole, and most of it is thrown away.

use super::{Finding, Look, Rule};
use crate::plans::tree::count;

/// Fewer thrown away rows are no matter.
const ROWS: f64 = 1_000.0;

/// See the summary.
pub(super) struct FilterAboveCte;

impl Rule for FilterAboveCte {
    fn name(&self) -> &'static str {
        "filter-above-cte"
    }

    fn summary(&self) -> &'static str {
        "A WITH query is made as a whole, and then filtered."
    }

    fn why(&self) -> &'static str {
        "A WITH query that is named twice, or said to be materialized, is made before anybody asks for \
         its rows, so a condition outside cannot reach the indexes inside."
    }

    fn look(&self, look: &Look<'_>) -> Vec<Finding> {
        let scans = look.nodes().filter(|node| node.kind == "CTE Scan");
        let wasteful = scans.filter_map(|node| {
            let filter = node.conditions.filter.as_deref()?;
            let (kept, removed) = (node.actual_rows()?, node.filtered_rows());
            (removed >= ROWS && removed > kept).then_some((node, filter, kept, removed))
        });
        wasteful
            .map(|(node, filter, kept, removed)| {
                let name = node.cte.as_deref().unwrap_or("the query");
                let what = format!(
                    "{} rows of {name} are made to keep {}",
                    count(kept + removed),
                    count(kept)
                );
                let made =
                    look.plan.nodes.iter().find(|it| {
                        it.subplan_name.as_deref() == Some(format!("CTE {name}").as_str())
                    });
                let mut finding = Finding::at(self, look, node, what)
                    .evidence(format!("filter: {filter}"))
                    .advise_sql(
                        "let the condition in; what is named twice is then done twice",
                        format!(
                            "with {} as not materialized (…)",
                            crate::plans::plan::quoted(name)
                        ),
                    );
                if let Some(made) = made {
                    finding = finding.share_of(look.share_below(made));
                    finding.nodes.push(made.id);
                }
                finding
            })
            .collect()
    }
}
