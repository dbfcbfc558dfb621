//! All partitions or chunks are read although a period is asked for, or none is.

use super::{Confidence, Finding, Look, Rule, Share};
use crate::plans::condition::{Side, clause, conjuncts};
use crate::plans::plan::quoted;
use crate::plans::tree::count;
use crate::plans::{Node, Plan, TableFacts};

/// Fewer parts are read anyway.
const PARTS: usize = 4;

/// See the summary.
pub(super) struct ChunksNotExcluded;

impl Rule for ChunksNotExcluded {
    fn name(&self) -> &'static str {
        "chunks-not-excluded"
    }

    fn summary(&self) -> &'static str {
        "Every partition or chunk is read, because nothing narrows the partitioning column down."
    }

    fn why(&self) -> &'static str {
        "A table is cut into parts so that most of them need not be looked at; that takes a comparison \
         of the partitioning column itself with a constant."
    }

    fn look(&self, look: &Look<'_>) -> Vec<Finding> {
        let appends = look.nodes().filter(|node| is_append(node) && look.is_worth_it_below(node));
        appends.filter_map(|node| self.judge(look, node)).collect()
    }
}

pub(in crate::plans) fn is_append(node: &Node) -> bool {
    matches!(node.kind.as_str(), "Append" | "Merge Append")
        || node.provider.as_deref().is_some_and(|it| it.contains("Append"))
}

/// Returns the scans of an append's members, with the table that they are parts of.
fn parts<'p>(plan: &'p Plan, append: &'p Node) -> Vec<&'p Node> {
    plan.below(append).skip(1).filter(|node| node.relation.is_some()).collect()
}

impl ChunksNotExcluded {
    fn judge(&self, look: &Look<'_>, append: &Node) -> Option<Finding> {
        if append.subplans_removed.is_some_and(|removed| removed > 0.0) {
            return None;
        }
        let parts = parts(look.plan, append);
        let first = parts.first()?;
        // Without a database's word it is not known what the parts are cut by.
        let table: &TableFacts = look.table(first).filter(|table| table.part_of.is_some())?;
        let whole = table.part_of.as_deref()?;
        let of_whole =
            |node: &&&Node| look.table(node).and_then(|it| it.part_of.as_deref()) == Some(whole);
        let scans: Vec<&&Node> = parts.iter().filter(of_whole).collect();
        if scans.len() < PARTS {
            return None;
        }
        let column = table.partition_columns.first()?;
        let narrowed = scans.iter().any(|node| narrows(node, column));
        if narrowed {
            return None;
        }
        // A view that guards rows keeps what may tell of them from its table.
        let mut above = look.plan.ancestors(append).take_while(|it| !it.is_join());
        let hidden = scans.iter().find_map(|node| hides(node, column));
        let hidden = hidden.or_else(|| above.find_map(|node| hides(node, column)));
        let kept: f64 = scans.iter().filter_map(|node| node.actual_rows()).sum();
        let discarded: f64 = scans.iter().map(|node| node.filtered_rows()).sum();
        let share: Share = look.share_below(append);
        let name = quoted(column);
        let what = match hidden {
            Some(_) => format!(
                "{} parts of {whole} are read: {column} is compared in a way that leaves none out",
                scans.len()
            ),
            None => {
                format!("{} parts of {whole} are read: nothing is said about {column}", scans.len())
            }
        };
        let mut finding = Finding::at(self, look, append, what).share_of(share);
        if append.actual.is_some() {
            finding = finding.evidence(format!(
                "{} rows kept, {} thrown away",
                count(kept),
                count(discarded)
            ));
        }
        let advice = format!("where {name} >= '2026-01-01' and {name} < '2026-02-01'");
        Some(match hidden {
            Some(text) => finding.evidence(format!("filter: {text}")).advise_sql(
                "compare the column itself with constants, as a half-open range",
                advice,
            ),
            // All of history may be what is wanted.
            None => finding
                .advise_sql("if a period is meant, say it", advice)
                .confidence(Confidence::Low),
        })
    }
}

pub(super) fn conditions(node: &Node) -> impl Iterator<Item = &str> {
    let conditions = &node.conditions;
    [&conditions.filter, &conditions.index, &conditions.recheck, &conditions.vectorized_filter]
        .into_iter()
        .flatten()
        .flat_map(|text| conjuncts(text))
}

/// Whether the column itself is compared with something, which includes those the planner used up.
fn narrows(node: &Node, column: &str) -> bool {
    conditions(node)
        .filter_map(clause)
        .any(|clause| matches!(clause.subject(), Some((Side::Column(found), _)) if found == column))
}

fn hides<'n>(node: &'n Node, column: &str) -> Option<&'n str> {
    conditions(node).filter_map(clause).find_map(|clause| match clause.subject() {
        Some((Side::Hidden { column: found, .. }, _)) if found == column => Some(clause.text),
        _ => None,
    })
}
