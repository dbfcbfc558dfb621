//! A strong lock asked for without an end to the waiting.

use super::{About, Rule};
use crate::lint::locks::{Strength, taken_by};
use crate::lint::script::Action;
use crate::lint::state::SchemaState;
use crate::lint::{At, Findings, Severity};

/// A strong lock asked for without an end to the waiting.
pub(super) struct MissingLockTimeout;

const ABOUT: About = About {
    name: "missing-lock-timeout",
    severity: Severity::Note,
    summary: "The statement waits for its lock as long as it takes, and everybody behind it waits too.",
    why: "A lock that is waited for blocks all later ones: one long report ahead of an ALTER TABLE \
        of a millisecond stops the application.",
    remedy: "say `set lock_timeout = '5s'` before the first strong lock, and try again when it strikes",
    given: "",
    bad: "alter table orders add column note text;",
    good: "\
set lock_timeout = '5s';
alter table orders add column note text;",
};

impl Rule for MissingLockTimeout {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        if at.has_lock_timeout || at.held.closed().next().is_some() {
            return;
        }
        let is_first = !at.script.statements[..at.index]
            .iter()
            .any(|earlier| closes_any(&earlier.action, at.before));
        let closed: Vec<_> = taken_by(&at.statement.action, at.state)
            .into_iter()
            .filter(|(_, strength)| *strength == Strength::Everything)
            .collect();
        if let Some((table, _)) = closed.first().filter(|_| is_first) {
            findings
                .add(at.statement.span, format!("nothing ends the wait for the lock on `{table}`"));
        }
    }
}

fn closes_any(action: &Action, state: &SchemaState) -> bool {
    taken_by(action, state).iter().any(|(_, strength)| *strength == Strength::Everything)
}
