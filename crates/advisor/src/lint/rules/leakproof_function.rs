//! A function that sees rows before the policy does.

use super::{About, Rule};
use crate::lint::script::Action;
use crate::lint::{At, Findings, Severity};

/// A function that sees rows before the policy does.
pub(super) struct LeakproofFunction;

const ABOUT: About = About {
    name: "leakproof-function",
    severity: Severity::Error,
    summary: "A function marked LEAKPROOF is called with rows that row security hides.",
    why: "The planner may run it before the policy. If it tells of its arguments in any way, by an \
        error, a notice, a row it writes or the time it takes, one tenant reads another's rows.",
    remedy: "leave the mark away; where an index must be used behind a policy, compare with an operator \
        that PostgreSQL itself marks",
    given: super::TENANTS,
    bad: "\
create function short_name(name text) returns text language sql immutable leakproof
return left(name, 3);",
    good: "\
create function short_name(name text) returns text language sql immutable
return left(name, 3);",
};

impl Rule for LeakproofFunction {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        let Action::CreateFunction(function) = &at.statement.action else { return };
        if function.is_leakproof {
            findings.add(
                at.statement.span,
                format!("`{}` is called with rows that policies hide", function.name),
            );
        }
    }
}
