//! A transaction that closes several tables, one after the other.

use super::{About, Rule};
use crate::lint::locks::{Strength, taken_by};
use crate::lint::script::Action;
use crate::lint::{At, Findings, Severity};

/// A transaction that closes several tables, one after the other.
pub(super) struct SeveralHeavyLocks;

const ABOUT: About = About {
    name: "several-heavy-locks",
    severity: Severity::Warning,
    summary: "One transaction closes several tables, and holds the first while it waits for the next.",
    why: "The first table stays closed for as long as the wait for the second takes, and two such \
        transactions in opposite order deadlock.",
    remedy: "one table a transaction: split the file",
    given: "",
    bad: "\
begin;
alter table orders add column note text;
alter table stores add column note text;
commit;",
    good: "\
alter table orders add column note text;
alter table stores add column note text;",
};

impl Rule for SeveralHeavyLocks {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        if !at.is_in_transaction() || at.is_down() || matches!(at.statement.action, Action::Drop(_))
        {
            return;
        }
        let Some(first) = at.held.closed().next().cloned() else { return };
        let next = taken_by(&at.statement.action, at.state).into_iter().find(|(name, strength)| {
            *strength == Strength::Everything && !at.held.closed().any(|held| held == name)
        });
        if let Some((next, _)) = next {
            let message =
                format!("`{first}` stays closed while the transaction waits for `{next}`");
            findings.add(at.statement.span, message);
        }
    }
}
