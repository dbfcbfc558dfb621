//! A migration that ends the work of others.

use super::{About, Rule};
use crate::lint::script::Action;
use crate::lint::{At, Findings, Severity};

/// A migration that ends the work of others.
pub(super) struct SessionsEnded;

const ABOUT: About = About {
    name: "sessions-ended",
    severity: Severity::Error,
    summary: "The migration ends sessions or statements of others.",
    why: "What they had begun is lost, in every place the migration is ever applied, and they come back in \
        a moment: a pool connects again while the lock is still waited for.",
    remedy: "set a lock_timeout and try again at a quiet hour; end a session by hand, once somebody has seen \
        whose it is",
    given: "",
    bad: "\
select pg_terminate_backend(pid) from pg_stat_activity where state = 'idle in transaction';",
    good: "set lock_timeout = '5s';",
};

/// Functions that end the work of others.
const FUNCTIONS: &[&str] = &["pg_cancel_backend", "pg_terminate_backend"];

impl Rule for SessionsEnded {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        let Action::Select { calls } = &at.statement.action else { return };
        if calls.iter().any(|call| call.is_any_of(FUNCTIONS)) {
            findings.add(at.statement.span, "what others have begun is lost");
        }
    }
}
