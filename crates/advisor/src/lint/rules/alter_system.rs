//! A migration that sets the server.

use super::{About, Rule};
use crate::lint::script::Action;
use crate::lint::{At, Findings, Severity};

/// A migration that sets the server.
pub(super) struct AlterSystem;

const ABOUT: About = About {
    name: "alter-system",
    severity: Severity::Error,
    summary: "ALTER SYSTEM changes every database of the server, behind the back of who runs it.",
    why: "It writes a file that goes before the server's own configuration, cannot be taken back by a \
        rollback, fails inside a transaction, and takes effect at some later reload or restart.",
    remedy: "set it where the server is configured, or for this database or role alone: \
        `alter database .. set`, `alter role .. set`",
    given: "",
    bad: "alter system set work_mem = '1GB';",
    good: "alter role reporting set work_mem = '64MB';",
};

impl Rule for AlterSystem {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        if matches!(at.statement.action, Action::AlterSystem) {
            findings.add(at.statement.span, "every database of the server is set otherwise");
        }
    }
}
