//! A function with its owner's rights, which looks names up where the caller says.

use super::{About, Rule};
use crate::lint::script::Action;
use crate::lint::{At, Findings, Severity};

/// A function with its owner's rights, which looks names up where the caller says.
pub(super) struct SecurityDefinerWithoutSearchPath;

const ABOUT: About = About {
    name: "security-definer-without-search-path",
    severity: Severity::Error,
    summary: "A `security definer` function takes the caller's search_path.",
    why: "Whoever calls it puts a table or an operator of the same name in front and runs code with \
        the owner's rights.",
    remedy: "say `set search_path = pg_catalog, pg_temp` at the function, and qualify every name in it",
    given: "",
    bad: "\
create function close_day() returns void language sql security definer as 'select 1';",
    good: "\
create function close_day() returns void language sql security definer
set search_path = pg_catalog, pg_temp as 'select 1';",
};

impl Rule for SecurityDefinerWithoutSearchPath {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        let Action::CreateFunction(function) = &at.statement.action else { return };
        if function.is_definer && !function.has_search_path {
            findings.add(
                at.statement.span,
                format!(
                    "`{}` runs with its owner's rights on the caller's search_path",
                    function.name
                ),
            );
        }
    }
}
