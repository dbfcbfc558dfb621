//! A pattern that begins with a wildcard.

use super::{Finding, Look, Rule};
use crate::plans::condition::{clause, conjuncts};
use crate::plans::plan::quoted;
use crate::plans::tree::count;

/// See the summary.
pub(super) struct LeadingWildcard;

impl Rule for LeadingWildcard {
    fn name(&self) -> &'static str {
        "leading-wildcard"
    }

    fn summary(&self) -> &'static str {
        "A pattern that begins with % is compared with every row."
    }

    fn why(&self) -> &'static str {
        "An ordered index finds what begins alike; what stands somewhere within only an index of its \
         parts finds."
    }

    fn look(&self, look: &Look<'_>) -> Vec<Finding> {
        let scans = look.nodes().filter(|node| node.relation.is_some() && look.is_worth_it(node));
        let mut findings = Vec::new();
        for node in scans.filter(|node| node.filtered_rows() >= 10_000.0) {
            let filter = node.conditions.filter.as_deref().unwrap_or_default();
            let patterns = conjuncts(filter).into_iter().filter_map(clause).filter(|clause| {
                matches!(clause.operator, "~~" | "~~*") && clause.right.starts_with("'%")
            });
            for pattern in patterns {
                let column =
                    pattern.left.trim_start_matches('(').split(')').next().unwrap_or_default();
                let column = column.rsplit('.').next().unwrap_or(column).trim_matches('"');
                let what = format!(
                    "{} rows are compared with a pattern that begins with a wildcard",
                    count(node.filtered_rows() + node.actual_rows().unwrap_or_default())
                );
                let whole = look.table(node).and_then(|table| table.part_of.clone());
                let how = if whole.is_some() { "" } else { " concurrently" };
                let table = whole.or_else(|| node.table()).unwrap_or_default();
                let finding = Finding::at(self, look, node, what)
                    .evidence(format!("filter: {}", pattern.text))
                    .advise_sql(
                        "an index of groups of three letters; proved on the plan before it is kept",
                        format!(
                            "create extension if not exists pg_trgm;\ncreate index{how} on {table} \
                             using gin ({} gin_trgm_ops);",
                            quoted(column)
                        ),
                    );
                findings.push(finding);
            }
        }
        findings
    }
}
