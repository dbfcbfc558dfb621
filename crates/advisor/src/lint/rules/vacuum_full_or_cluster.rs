//! A table written anew for the sake of its size.

use super::{About, Rule};
use crate::lint::script::Action;
use crate::lint::{At, Findings, Severity};

/// A table written anew for the sake of its size.
pub(super) struct VacuumFullOrCluster;

const ABOUT: About = About {
    name: "vacuum-full-or-cluster",
    severity: Severity::Error,
    summary: "VACUUM FULL and CLUSTER copy the table while nobody may read or write it.",
    why: "The ACCESS EXCLUSIVE lock is held until the copy and all indexes are done, and twice the \
        space is needed.",
    remedy: "let autovacuum reuse the space; to give it back online use the extension pg_repack or \
        pg_squeeze",
    given: "",
    bad: "vacuum full orders;",
    good: "vacuum (analyze) orders;",
};

impl Rule for VacuumFullOrCluster {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        let (what, tables) = match &at.statement.action {
            Action::Vacuum { is_full: true, tables } => ("vacuum full", tables.clone()),
            Action::Cluster { table } => ("cluster", table.iter().cloned().collect()),
            _ => return,
        };
        if !tables.is_empty() && tables.iter().all(|table| at.state.is_new(table)) {
            return;
        }
        let named = tables.first().map_or("every table".to_owned(), |table| format!("`{table}`"));
        let size =
            tables.first().and_then(|table| at.state.table(table)).and_then(|table| table.size);
        findings
            .add(at.statement.span, format!("`{what}` copies {named} while nobody may use it"))
            .sized(size);
    }
}
