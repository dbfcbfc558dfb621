//! A foreign key that is proved for all rows while nobody may write.

use super::{About, Rule};
use crate::lint::script::Name;
use crate::lint::script::action::{Action, Change, Constraint, ConstraintKind};
use crate::lint::state::{KnownConstraint, KnownKind, Table};
use crate::lint::{At, Findings, Severity};

/// A foreign key that is proved for all rows while nobody may write.
pub(super) struct ForeignKeyWithoutNotValid;

const ABOUT: About = About {
    name: "foreign-key-without-not-valid",
    severity: Severity::Error,
    summary: "Adding a foreign key without `not valid` keeps writers of both tables waiting until all \
        rows are compared.",
    why: "ADD FOREIGN KEY holds SHARE ROW EXCLUSIVE locks on both tables while it joins them. Added \
        `not valid` it holds for new rows at once; VALIDATE CONSTRAINT then looks at the old ones \
        beside writers.",
    remedy: "add it `not valid`, and `validate constraint` in another transaction",
    given: "",
    bad: "\
alter table orders add constraint orders_store foreign key (store_id) references stores (id);",
    good: "\
alter table orders add constraint orders_store foreign key (store_id) references stores (id) not valid;
alter table orders validate constraint orders_store;",
};

impl Rule for ForeignKeyWithoutNotValid {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        let Action::AlterTable(alter) = &at.statement.action else { return };
        if at.state.is_new(&alter.table) {
            return;
        }
        let size = at.state.table(&alter.table).and_then(|table| table.size);
        let has_partitions = has_partitions(at, &alter.table);
        for (span, change) in &alter.changes {
            match change {
                Change::AddConstraint(constraint) => {
                    let ConstraintKind::ForeignKey(to) = &constraint.kind else { continue };
                    if has_partitions && are_proven(at, &alter.table, constraint) {
                        continue;
                    }
                    if !constraint.is_not_valid {
                        let message = format!(
                            "writers of `{}` and `{}` wait while all rows are compared",
                            alter.table, to.table
                        );
                        let more = findings.add(*span, message).sized(size);
                        if has_partitions {
                            more.help(BY_PARTITION);
                        }
                    } else if has_partitions {
                        let message = format!(
                            "this fails: `{}` has partitions, and takes no foreign key that is not valid",
                            alter.table
                        );
                        findings.add(*span, message).help(BY_PARTITION);
                    }
                }
                Change::AddColumn(column, constraints) => {
                    for constraint in constraints {
                        let ConstraintKind::ForeignKey(to) = &constraint.kind else { continue };
                        if !column.has_values() {
                            let message = format!(
                                "`{}` is null everywhere, so nothing is compared; writers of `{}` and `{}` wait \
                                 for a moment",
                                column.name, alter.table, to.table
                            );
                            findings.add(constraint.span, message).severity(Severity::Note);
                            continue;
                        }
                        let message = format!(
                            "adding `{}` with its reference keeps writers of `{}` and `{}` waiting",
                            column.name, alter.table, to.table
                        );
                        findings.add(constraint.span, message).sized(size).help(
                            "add the column alone, then the foreign key `not valid`, then validate it in \
                             another transaction",
                        );
                    }
                }
                _ => {}
            }
        }
    }
}

/// How a table with partitions gets its foreign key.
const BY_PARTITION: &str = "add it `not valid` to each partition and validate it there, each in a transaction of \
                            its own; added to the table behind them it takes theirs over and compares nothing";

/// Whether a table is partitioned, on a server that is known to refuse what is not valid there, or not known.
fn has_partitions(at: &At<'_>, table: &Name) -> bool {
    // PostgreSQL 18 takes it.
    at.state.server_version.is_none_or(|version| version < 18)
        && at
            .state
            .table(table)
            .is_some_and(|known| !known.partition_columns.is_empty() && !known.is_hypertable)
}

/// Whether every partition has such a foreign key that all of its rows keep.
fn are_proven(at: &At<'_>, table: &Name, wanted: &Constraint) -> bool {
    let ConstraintKind::ForeignKey(to) = &wanted.kind else { return false };
    let is_same = |known: &KnownConstraint| match &known.kind {
        KnownKind::ForeignKey(other, _) => {
            known.is_valid
                && known.columns == wanted.columns
                && other.qualified() == to.table.qualified()
        }
        _ => false,
    };
    let is_of = |known: &&Table| {
        known.partition_of.as_ref().is_some_and(|parent| parent.qualified() == table.qualified())
    };
    let mut partitions = at.state.tables().filter(is_of).peekable();
    partitions.peek().is_some() && partitions.all(|one| one.constraints.iter().any(is_same))
}
