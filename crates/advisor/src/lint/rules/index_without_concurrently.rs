//! An index on a table in use, built in the way of its writers.

use super::{About, Rule};
use crate::lint::script::Action;
use crate::lint::state::Kind;
use crate::lint::{At, Findings, Severity};

/// An index on a table in use, built in the way of its writers.
pub(super) struct IndexWithoutConcurrently;

const ABOUT: About = About {
    name: "index-without-concurrently",
    severity: Severity::Error,
    summary: "Building an index without `concurrently` keeps writers waiting until it is done.",
    why: "A plain CREATE INDEX holds a SHARE lock on the table for as long as it reads and sorts \
        all rows: every insert, update and delete waits, and pools run dry behind them. On a \
        table that the same script made nobody waits.",
    remedy: "add `concurrently`, in a file that runs outside a transaction; drop the invalid index it \
        leaves behind should it fail",
    given: "\
create table orders (id bigint primary key, placed_at timestamptz not null);",
    bad: "create index orders_placed_at on orders (placed_at);",
    good: "\
create index concurrently orders_placed_at on orders (placed_at);",
};

impl Rule for IndexWithoutConcurrently {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        let Action::CreateIndex(index) = &at.statement.action else { return };
        let known = at.state.table(&index.table);
        let is_storage = known.is_none_or(|table| table.kind != Kind::View);
        if index.is_concurrent || index.is_only || at.state.is_new(&index.table) || !is_storage {
            return;
        }
        let message = format!("building this index keeps writers of `{}` waiting", index.table);
        let more =
            findings.add(at.statement.span, message).sized(known.and_then(|table| table.size));
        let Some(table) = known else { return };
        if table.is_hypertable {
            more.help(
                "hypertables cannot build concurrently: say `with (timescaledb.transaction_per_chunk)`, \
                 which holds one chunk at a time",
            );
        } else if !table.partition_columns.is_empty() {
            more.help(
                "partitioned tables cannot build concurrently: create the index `on only` the parent, \
                 build it concurrently on each partition, and attach those",
            );
        } else if table.kind == Kind::MaterializedView {
            more.at_most(Severity::Warning);
        }
    }
}
