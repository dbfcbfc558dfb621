//! Rows changed while the transaction keeps the table closed.

use super::{About, Rule};
use crate::lint::script::Action;
use crate::lint::{At, Findings, Severity};

/// Rows changed while the transaction keeps the table closed.
pub(super) struct DataChangeInSchemaTransaction;

const ABOUT: About = About {
    name: "data-change-in-schema-transaction",
    severity: Severity::Error,
    summary: "Rows are changed in the transaction that altered the table, so nobody can use it until \
        all are done.",
    why: "ALTER TABLE holds its ACCESS EXCLUSIVE lock until the commit. The change of rows behind \
        it makes a lock of milliseconds one of minutes.",
    remedy: "commit the change of the schema first; change the rows in batches, in transactions of \
        their own",
    given: "",
    bad: "\
begin;
alter table orders add column currency text;
update orders set currency = 'EUR' where currency is null;
commit;",
    good: "alter table orders add column currency text;",
};

impl Rule for DataChangeInSchemaTransaction {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        let Action::ChangeRows(change) = &at.statement.action else { return };
        if !at.is_in_transaction() || at.state.is_new(&change.table) {
            return;
        }
        let is_written_out = change.verb == "insert" && change.reads.is_empty();
        if is_written_out
            || !at.held.closed().any(|table| table.qualified() == change.table.qualified())
        {
            return;
        }
        let size = at.state.table(&change.table).and_then(|table| table.size);
        let message = format!("`{}` stays closed until this {} is done", change.table, change.verb);
        findings.add(at.statement.span, message).sized(size);
    }
}
