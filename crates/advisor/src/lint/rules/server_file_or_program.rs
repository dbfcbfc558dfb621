//! A migration that works with files and programs of the server's machine.

use super::{About, Rule};
use crate::lint::script::Action;
use crate::lint::{At, Findings, Severity};

/// A migration that works with files and programs of the server's machine.
pub(super) struct ServerFileOrProgram;

const ABOUT: About = About {
    name: "server-file-or-program",
    severity: Severity::Error,
    summary: "COPY with a file or a program works on the server's machine, as whoever the server runs as.",
    why: "A program does there whatever it likes, and no rollback takes it back. A file that one server has, \
        the next one, a replica that took over or a hosted one does not have, and the right to use it is \
        that of a superuser.",
    remedy: "`copy .. from stdin` or `\\copy`: the client reads and writes, with its own rights",
    given: "",
    bad: "copy orders (id, note) from program 'curl -s https://example.org/orders.csv';",
    good: "copy orders (id, note) to stdout;",
};

/// Functions that do the same.
const FUNCTIONS: &[&str] = &["lo_export", "lo_import", "pg_read_binary_file", "pg_read_file"];

impl Rule for ServerFileOrProgram {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        let what = match &at.statement.action {
            Action::CopyOnServer { is_program: true } => "a program runs on the server's machine",
            Action::CopyOnServer { is_program: false } => "a file of the server's machine is used",
            Action::Select { calls } if calls.iter().any(|call| call.is_any_of(FUNCTIONS)) => {
                "a file of the server's machine is used"
            }
            _ => return,
        };
        findings.add(at.statement.span, what);
    }
}
