//! A new value of an enum used before it is committed.

use super::{About, Rule};
use crate::lint::script::Action;
use crate::lint::{At, Findings, Severity};

/// A new value of an enum used before it is committed.
pub(super) struct EnumValueUsedAtOnce;

const ABOUT: About = About {
    name: "enum-value-used-at-once",
    severity: Severity::Error,
    summary: "A value added to an enum cannot be used in the same transaction.",
    why: "PostgreSQL refuses with `unsafe use of new value`: the migration fails wherever the type \
        is older than the transaction.",
    remedy: "add the value in a migration of its own, and use it in the next",
    given: "",
    bad: "\
begin;
alter type order_state add value 'returned';
update orders set state = 'returned' where id = 5;
commit;",
    good: "alter type order_state add value 'returned';",
};

impl Rule for EnumValueUsedAtOnce {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        if !at.is_in_transaction() {
            return;
        }
        let text = at.script.slice(at.statement.span);
        for earlier in &at.script.statements[..at.index] {
            let Action::AddEnumValue { name, value } = &earlier.action else { continue };
            let is_new = at.state.new_enums.contains(&name.qualified());
            let is_together = earlier.transaction == at.statement.transaction;
            if is_together && !is_new && text.contains(&format!("'{}'", value.replace('\'', "''")))
            {
                let message = format!("'{value}' was added to `{name}` in this very transaction");
                findings.add(at.statement.span, message);
            }
        }
    }
}
