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

/// Functions that do something to the server as a whole.
const FUNCTIONS: &[&str] = &["pg_promote", "pg_reload_conf", "pg_rotate_logfile", "pg_switch_wal"];

impl Rule for AlterSystem {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        if matches!(at.statement.action, Action::AlterSystem) {
            findings.add(at.statement.span, "every database of the server is set otherwise");
        }
        let Action::Select { calls } = &at.statement.action else { return };
        if let Some(call) = calls.iter().find(|call| call.is_any_of(FUNCTIONS)) {
            findings
                .add(
                    at.statement.span,
                    format!("`{}` is done to every database of the server", call.name),
                )
                .help("leave it to whoever runs the server");
        }
    }
}
