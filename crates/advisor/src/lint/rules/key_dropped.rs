//! A key dropped, and with it what it kept out.

use super::{About, Rule};
use crate::lint::script::action::{Action, Change, ConstraintKind};
use crate::lint::state::KnownKind;
use crate::lint::{At, Findings, Severity};

/// A key dropped, and with it what it kept out.
pub(super) struct KeyDropped;

const ABOUT: About = About {
    name: "key-dropped",
    severity: Severity::Warning,
    summary: "A primary, unique or foreign key is dropped, and no other takes its place.",
    why: "Duplicates and orphans come in from the commit on, and the key cannot be added again until \
        somebody has found and removed them. Upserts that name the key fail at once.",
    remedy: "add the new key in the same script, `not valid` or over an index built beforehand",
    given: "create table orders (id bigint primary key, number text constraint orders_number unique);",
    bad: "alter table orders drop constraint orders_number;",
    good: "\
create unique index concurrently orders_number_next on orders (number);
begin;
alter table orders drop constraint orders_number;
alter table orders add constraint orders_number unique using index orders_number_next;
commit;",
};

impl Rule for KeyDropped {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        let Action::AlterTable(alter) = &at.statement.action else { return };
        if at.is_down() || at.state.is_new(&alter.table) {
            return;
        }
        for (span, change) in &alter.changes {
            let Change::DropConstraint { name, .. } = change else { continue };
            let known = at.state.table(&alter.table).and_then(|table| {
                table.constraints.iter().find(|one| one.name == *name).map(|one| &one.kind)
            });
            let lost = match known {
                Some(KnownKind::PrimaryKey | KnownKind::Unique) => "duplicates",
                Some(KnownKind::ForeignKey(..)) => "rows that refer to nothing",
                Some(_) => continue,
                // Where the table is not known, PostgreSQL's own names tell.
                None if name.ends_with("_pkey") || name.ends_with("_key") => "duplicates",
                None if name.ends_with("_fkey") => "rows that refer to nothing",
                None => continue,
            };
            if !is_replaced(at, lost) {
                let message = format!("nothing keeps {lost} out of `{}` any more", alter.table);
                findings.add(*span, message);
            }
        }
    }
}

/// Whether the script adds a key of the kind to the same table, before or behind.
fn is_replaced(at: &At<'_>, lost: &str) -> bool {
    let Action::AlterTable(dropping) = &at.statement.action else { return false };
    at.script.statements.iter().any(|other| match &other.action {
        Action::AlterTable(alter) if alter.table == dropping.table => {
            alter.changes.iter().any(|(_, change)| match change {
                Change::AddConstraint(one) => match one.kind {
                    ConstraintKind::PrimaryKey | ConstraintKind::Unique => lost == "duplicates",
                    ConstraintKind::ForeignKey(_) => lost != "duplicates",
                    _ => false,
                },
                _ => false,
            })
        }
        // Who drops the table drops its keys first.
        Action::Drop(drop) => drop.names.contains(&dropping.table),
        _ => false,
    })
}
