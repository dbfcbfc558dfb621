//! `concurrently` where PostgreSQL refuses it.

use super::{About, Rule};
use crate::lint::script::Transaction;
use crate::lint::script::action::{Action, Change};
use crate::lint::{At, Findings, Severity};

/// `concurrently` where PostgreSQL refuses it.
pub(super) struct ConcurrentlyInTransaction;

const ABOUT: About = About {
    name: "concurrently-in-transaction",
    severity: Severity::Error,
    summary: "A statement with `concurrently` stands in a transaction.",
    why: "Work done concurrently commits in the middle, so PostgreSQL refuses it inside a \
        transaction block: the migration fails, and on partitioned tables there is no concurrent \
        build at all.",
    remedy: "move it into a file of its own without `begin`; tell the runner to open no transaction",
    given: "",
    bad: "\
begin;
create index concurrently orders_placed_at on orders (placed_at);
commit;",
    good: "\
create index concurrently orders_placed_at on orders (placed_at);",
};

impl Rule for ConcurrentlyInTransaction {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        let what = match &at.statement.action {
            Action::CreateIndex(index) if index.is_concurrent => {
                let table = at.state.table(&index.table);
                let is_divided = table.is_some_and(|table| {
                    table.is_hypertable || !table.partition_columns.is_empty()
                });
                if is_divided {
                    let message = format!(
                        "`{}` is partitioned: its indexes cannot be built concurrently",
                        index.table
                    );
                    findings.add(at.statement.span, message).help(
                        "create the index `on only` the parent, build it concurrently on each partition \
                         and attach those; on a hypertable use `timescaledb.transaction_per_chunk`",
                    );
                    return;
                }
                "create index concurrently"
            }
            Action::Drop(drop) if drop.is_concurrent => "drop index concurrently",
            Action::Reindex { is_concurrent: true, .. } => "reindex concurrently",
            Action::AlterTable(alter)
                if alter.changes.iter().any(|(_, change)| {
                    matches!(change, Change::DetachPartition { is_concurrent: true, .. })
                }) =>
            {
                "detach partition concurrently"
            }
            Action::Vacuum { .. } => "vacuum",
            _ => return,
        };
        if !at.is_in_transaction() {
            return;
        }
        let more = findings.add(at.statement.span, format!("`{what}` fails inside a transaction"));
        if at.statement.transaction == Transaction::Runner
            && let Some(runner) = at.profile.runner_of(at.script)
        {
            more.help(format!(
                "the runner opens a transaction for each file: write `-- {}` at its head, and leave this \
                 statement alone in it",
                runner.without_transaction
            ));
        }
    }
}
