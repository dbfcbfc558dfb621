//! An index that tells hardly any rows apart.

use super::{About, Rule};
use crate::lint::script::Action;
use crate::lint::{At, Findings, Severity};

/// An index that tells hardly any rows apart.
pub(super) struct IndexOnLowCardinality;

const ABOUT: About = About {
    name: "index-on-low-cardinality",
    severity: Severity::Warning,
    summary: "The indexed column has only a few values.",
    why: "A query for one of them still reads a large share of the table, so the planner takes the \
        table; every write pays for the index all the same.",
    remedy: "index the rows that are looked for (`where is_open`), or put the column behind one that \
        tells rows apart",
    given: "\
create table orders (id bigint primary key, is_paid boolean not null, placed_at timestamptz not null);",
    bad: "create index orders_paid on orders (is_paid);",
    good: "\
create index concurrently orders_unpaid on orders (placed_at) where not is_paid;",
};

impl Rule for IndexOnLowCardinality {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        let Action::CreateIndex(index) = &at.statement.action else { return };
        let [Some(only)] = index.columns.as_slice() else { return };
        if index.condition.is_some() || index.is_unique || index.method != "btree" {
            return;
        }
        let Some(table) = at.state.table(&index.table) else { return };
        let Some(column) = table.column(only) else { return };
        let few = column.distinct.filter(|distinct| *distinct > 0.0 && *distinct <= FEW);
        let is_large = table.size.is_none_or(|size| !size.is_small());
        let message = format!("`{only}` tells hardly any rows of `{}` apart", index.table);
        match (few, column.data_type.name.as_str()) {
            (Some(distinct), _) if is_large => {
                findings
                    .add(at.statement.span, message)
                    .evidence(format!("it has {distinct} values"));
            }
            (None, "boolean") => {
                findings.add(at.statement.span, message).evidence("it is boolean: two values");
            }
            _ => {}
        }
    }
}

/// Values below which a share of the table is too large to be looked up by an index.
const FEW: f64 = 10.0;
