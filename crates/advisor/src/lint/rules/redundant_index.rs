//! An index that another makes needless.

use super::added_constraints;
use super::{About, Rule};
use crate::lint::script::Span;
use crate::lint::script::action::{Action, ConstraintKind};
use crate::lint::state::{KnownIndex, Table};
use crate::lint::{Findings, Severity, Whole};

/// An index that another makes needless.
pub(super) struct RedundantIndex;

const ABOUT: About = About {
    name: "redundant-index",
    severity: Severity::Warning,
    summary: "Another index begins with the same columns, so it serves the same queries.",
    why: "Both are written on every insert and update, take memory, and are vacuumed; the planner \
        uses one.",
    remedy: "drop the shorter one, unless it is unique or much smaller and hot",
    given: "\
create table orders (id bigint primary key, store_id bigint, placed_at timestamptz);
create index orders_store_placed on orders (store_id, placed_at);",
    bad: "\
create index concurrently orders_store on orders (store_id);",
    good: "\
create index concurrently orders_placed on orders (placed_at);",
};

impl Rule for RedundantIndex {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn finish(&self, whole: &Whole<'_>, findings: &mut Findings<'_>) {
        for statement in &whole.script.statements {
            match &statement.action {
                Action::CreateIndex(created) => {
                    let Some(table) = whole.after.table(&created.table) else { continue };
                    let same = |index: &KnownIndex| {
                        index.name == created.name && index.keys == created.keys && !index.is_of_key
                    };
                    let Some(own) = table.indexes.iter().position(same) else { continue };
                    report(findings, statement.span, table, own);
                }
                Action::AlterTable(_) | Action::CreateTable(_) => {
                    for (name, constraint) in added_constraints(&statement.action) {
                        let Some(table) = whole.after.table(name) else { continue };
                        let own = table
                            .indexes
                            .iter()
                            .position(|index| index.is_of_key && index.keys == constraint.columns);
                        let is_key = matches!(
                            constraint.kind,
                            ConstraintKind::PrimaryKey | ConstraintKind::Unique
                        );
                        if let Some(own) = own.filter(|_| is_key) {
                            report(findings, constraint.span, table, own);
                        }
                    }
                }
                _ => {}
            }
        }
    }
}

/// Reports an index that another covers, or that covers another which no key needs.
fn report(findings: &mut Findings<'_>, span: Span, table: &Table, own: usize) {
    let index = &table.indexes[own];
    for (place, other) in table.indexes.iter().enumerate() {
        // Of two that are the same, the later one is reported.
        let is_same = index.keys == other.keys;
        if place == own || (is_same && place > own) {
            continue;
        }
        if index.is_covered_by(other) {
            let message = format!("{} serves whatever {} would", shown(other), shown(index));
            findings.add(span, message);
            return;
        }
        if other.is_covered_by(index) && !other.is_of_key && place < own {
            let message = format!("{} serves whatever {} does", shown(index), shown(other));
            findings.add(span, message).at_most(Severity::Note).help(format!(
                "drop {} once this one is built, unless it is much smaller and hot",
                shown(other)
            ));
        }
    }
}

fn shown(index: &KnownIndex) -> String {
    let keys = index.keys.join(", ");
    match &index.name {
        Some(name) => format!("`{}` ({keys})", name.name),
        None => format!("the index on ({keys})"),
    }
}
