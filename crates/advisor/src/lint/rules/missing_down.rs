//! A migration that nobody can take back.

use super::{About, Rule};
use crate::lint::script::Span;
use crate::lint::{Findings, Severity, Whole};

/// A migration that nobody can take back.
pub(super) struct MissingDown;

const ABOUT: About = About {
    name: "missing-down",
    severity: Severity::Warning,
    summary: "There is no `.down.sql` beside this `.up.sql`.",
    why: "A release that cannot be taken back is tried on customers: when it goes wrong, somebody writes the way back at night, untested.",
    remedy: "write the other half, and test both: up, down, up",
    given: "",
    bad: "create table stores (id bigint primary key);",
    good: "create table stores (id bigint primary key);",
};

impl Rule for MissingDown {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn finish(&self, whole: &Whole<'_>, findings: &mut Findings<'_>) {
        if whole.has_down == Some(false) {
            let end = whole.script.text.lines().next().map_or(0, str::len);
            findings.add(Span { start: 0, end }, "the half that takes this back is missing");
        }
    }
}
