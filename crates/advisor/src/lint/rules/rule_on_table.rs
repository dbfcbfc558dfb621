//! A rewrite rule on a table.

use super::{About, Rule};
use crate::lint::script::Action;
use crate::lint::state::Kind;
use crate::lint::{At, Findings, Severity};

/// A rewrite rule on a table.
pub(super) struct RuleOnTable;

const ABOUT: About = About {
    name: "rule-on-table",
    severity: Severity::Error,
    summary: "A rule with DO INSTEAD swallows writes: they succeed and change nothing.",
    why: "The program is told that no row was changed, if it asks, and no error. A rule that only adds a \
        statement runs expressions of the first one a second time: now(), nextval() and random() differ.",
    remedy: "refuse what must not be written by a trigger that raises an error, or take the right away: \
        `revoke delete on ..`",
    given: "create table ledger (id bigint primary key, amount numeric);",
    bad: "create rule no_delete as on delete to ledger do instead nothing;",
    good: "revoke delete on ledger from app;",
};

impl Rule for RuleOnTable {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        let Action::CreateRule(rule) = &at.statement.action else { return };
        let is_view = at.state.table(&rule.table).is_some_and(|table| table.kind == Kind::View);
        // What is written to a view has to go somewhere, and one for reading is a view itself.
        if at.is_down() || is_view || rule.event == "select" {
            return;
        }
        let (event, table) = (&rule.event, &rule.table);
        match (rule.is_instead, rule.is_nothing) {
            (true, true) => {
                let message = format!("every {event} of `{table}` succeeds and does nothing");
                findings.add(at.statement.span, message);
            }
            (true, false) => {
                let message = format!("every {event} of `{table}` does something else instead");
                findings.add(at.statement.span, message).severity(Severity::Warning);
            }
            (false, false) => {
                let message = format!(
                    "every {event} of `{table}` runs a second statement, and its expressions again"
                );
                findings.add(at.statement.span, message).severity(Severity::Warning);
            }
            (false, true) => {}
        }
    }
}
