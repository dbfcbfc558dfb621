//! An index rebuilt in the way of its table.

use super::{About, Rule};
use crate::lint::script::Action;
use crate::lint::{At, Findings, Severity};

/// An index rebuilt in the way of its table.
pub(super) struct ReindexWithoutConcurrently;

const ABOUT: About = About {
    name: "reindex-without-concurrently",
    severity: Severity::Error,
    summary: "REINDEX without `concurrently` keeps writers, and readers by that index, waiting.",
    why: "The table is locked against writes and the index against reads until every entry is \
        written anew.",
    remedy: "write `reindex (concurrently) ..`, outside a transaction",
    given: "",
    bad: "reindex table orders;",
    good: "reindex table concurrently orders;",
};

impl Rule for ReindexWithoutConcurrently {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        if let Action::Reindex { is_concurrent: false, .. } = at.statement.action {
            findings
                .add(at.statement.span, "rebuilding without `concurrently` keeps writers waiting");
        }
    }
}
