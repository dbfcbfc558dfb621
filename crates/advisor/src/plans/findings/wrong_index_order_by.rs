//! For a few rows in order, an index of that order is walked past many that do not fit.

use super::indexing::{PROVE, Served, create_index};
use super::{Finding, Look, Rule};
use crate::plans::Node;
use crate::plans::tree::count;

/// Thrown away rows for each that is kept.
const PER_ROW: f64 = 100.0;

/// Fewer thrown away rows are no matter.
const ROWS: f64 = 1_000.0;

/// See the summary.
pub(super) struct WrongIndexOrderBy;

/// Whether a node is an ordered scan below a limit, with no sort between.
pub(super) fn concerns(look: &Look<'_>, node: &Node) -> bool {
    let orders = node.kind.starts_with("Index");
    let is_whole = node.conditions.index.is_none();
    let reaches = look
        .plan
        .ancestors(node)
        .take_while(|above| !above.is_blocking())
        .any(|above| above.kind == "Limit");
    orders && is_whole && reaches
}

impl Rule for WrongIndexOrderBy {
    fn name(&self) -> &'static str {
        "wrong-index-order-by"
    }

    fn summary(&self) -> &'static str {
        "A limit made the planner walk an index in the order asked for, past rows that do not fit."
    }

    fn why(&self) -> &'static str {
        "The planner takes it that fitting rows lie evenly along the index; where they lie at its other \
         end, it reads nearly all of it for a handful."
    }

    fn look(&self, look: &Look<'_>) -> Vec<Finding> {
        let scans = look.nodes().filter(|node| concerns(look, node) && look.is_worth_it(node));
        let wasteful = scans.filter_map(|node| {
            let kept = node.actual_rows()?;
            let removed = node.filtered_rows();
            let filter = node.conditions.filter.as_deref()?;
            let is_wasteful = removed >= ROWS && removed > kept.max(1.0) * PER_ROW;
            is_wasteful.then_some((node, filter, kept, removed))
        });
        wasteful
            .map(|(node, filter, kept, removed)| {
                let index = node.index.as_deref().unwrap_or("the index");
                let what = format!(
                    "{index} was walked for its order: {} rows looked at for {}",
                    count(kept + removed),
                    count(kept)
                );
                let table = look.table(node);
                let order = table
                    .and_then(|table| table.indexes.iter().find(|it| it.name == index))
                    .map(|index| index.keys.clone());
                let mut keys = Served::of(filter).equal;
                keys.extend(order.into_iter().flatten().take(1));
                keys.dedup();
                let finding = Finding::at(self, look, node, what)
                    .evidence(format!("filter: {filter}"))
                    .evidence(format!("{} rows thrown away", count(removed)));
                let finding = match create_index(node, table, &keys) {
                    Some(sql) if keys.len() > 1 => {
                        finding.advise_sql(format!("filter first, then order; {PROVE}"), sql)
                    }
                    _ => finding.advise("an index on the filter's columns, then those of the order"),
                };
                finding.advise(
                    "until then, an order by an expression, such as `order by (created_at + interval \
                     '0')`, keeps the planner from that index",
                )
            })
            .collect()
    }
}
