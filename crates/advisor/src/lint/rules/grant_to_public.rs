//! A right given to everybody.

use super::{About, Rule};
use crate::lint::script::Action;
use crate::lint::{At, Findings, Severity};

/// A right given to everybody.
pub(super) struct GrantToPublic;

const ABOUT: About = About {
    name: "grant-to-public",
    severity: Severity::Warning,
    summary: "PUBLIC is every role there is and every one to come.",
    why: "It cannot be taken from a single role again, and a login made for one purpose has the \
        right unasked.",
    remedy: "grant to the role that needs it, and only what it needs",
    given: "",
    bad: "grant select on orders to public;",
    good: "grant select on orders to reporting;",
};

impl Rule for GrantToPublic {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        let Action::Grant(grant) = &at.statement.action else { return };
        // A half that takes back gives what was there before.
        if at.is_down() {
            return;
        }
        if grant.to.iter().any(|role| role == "public") {
            let when = if grant.is_default { ", now and for what will be made" } else { "" };
            findings.add(
                at.statement.span,
                format!("every role gets {} on {}{when}", grant.privileges, grant.on),
            );
        }
    }
}
