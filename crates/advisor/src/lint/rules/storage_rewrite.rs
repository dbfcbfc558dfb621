//! A table moved to other storage.

use super::{About, Rule};
use crate::lint::script::action::{Action, Change};
use crate::lint::{At, Findings, Severity};

/// A table moved to other storage.
pub(super) struct StorageRewrite;

const ABOUT: About = About {
    name: "storage-rewrite",
    severity: Severity::Error,
    summary: "Changing tablespace, access method, or logged to unlogged copies the table while nobody \
        may use it.",
    why: "The ACCESS EXCLUSIVE lock is held until every block is copied. An unlogged table is empty \
        after a crash, and on replicas always.",
    remedy: "copy into a new table in batches and swap the names; leave tables that matter logged",
    given: "",
    bad: "alter table orders set unlogged;",
    good: "create unlogged table import_scratch (line text);",
};

impl Rule for StorageRewrite {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        if let Action::MoveFiles { index, how } = &at.statement.action {
            let of = index.as_ref().and_then(|name| at.state.index(name)).map(|(table, _)| table);
            if of.is_none_or(|table| !at.state.is_new(&table.name)) {
                let message = format!("`{how}` copies files while nobody may use them");
                findings.add(at.statement.span, message).sized(of.and_then(|table| table.size));
            }
            return;
        }
        let Action::AlterTable(alter) = &at.statement.action else { return };
        if at.state.is_new(&alter.table) {
            return;
        }
        let size = at.state.table(&alter.table).and_then(|table| table.size);
        for (span, change) in &alter.changes {
            if let Change::MoveStorage(how) = change {
                let message = format!("`{how}` copies `{}` while nobody may use it", alter.table);
                findings.add(*span, message).sized(size);
            }
        }
    }
}
