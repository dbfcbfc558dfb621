//! A transaction that is begun and never ended, or ended and never begun.

use super::{About, Rule};
use crate::lint::script::{Action, Statement, Transaction};
use crate::lint::{Findings, Severity, Whole};

/// A transaction that is begun and never ended, or ended and never begun.
pub(super) struct TransactionLeftOpen;

const ABOUT: About = About {
    name: "transaction-left-open",
    severity: Severity::Error,
    summary: "The script begins a transaction that it does not end, or ends one that the runner began.",
    why: "What is not committed is rolled back when the connection closes; what a script commits of \
        the runner's transaction leaves the runner's own record of it outside.",
    remedy: "end what the script begins; leave the runner's transaction to the runner",
    given: "",
    bad: "\
begin;
alter table orders add column note text;",
    good: "\
begin;
alter table orders add column note text;
commit;",
};

impl Rule for TransactionLeftOpen {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn finish(&self, whole: &Whole<'_>, findings: &mut Findings<'_>) {
        let mut open = None;
        let is_runners = |statement: &Statement| statement.transaction == Transaction::Runner;
        for statement in whole.script.statements.iter().filter(|one| !one.is_nested) {
            match statement.action {
                Action::Begin => {
                    let is_second = open.replace(statement.span).is_some();
                    if is_second {
                        findings
                            .add(statement.span, "the transaction before this one is still open");
                    }
                }
                Action::Commit | Action::Rollback => {
                    let is_of_runner = open.take().is_none() && is_runners(statement);
                    if is_of_runner {
                        findings
                            .add(statement.span, "this ends the transaction that the runner began");
                    }
                }
                _ => {}
            }
        }
        if let Some(span) = open {
            findings.add(span, "this transaction is never ended: nothing of it remains");
        }
    }
}
