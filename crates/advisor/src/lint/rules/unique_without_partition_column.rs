//! A unique key that cannot be kept across partitions.

use super::added_constraints;
use super::{About, Rule};
use crate::lint::script::action::{Action, ConstraintKind};
use crate::lint::script::{Name, Span};
use crate::lint::{Findings, Severity, Whole};

/// A unique key that cannot be kept across partitions.
pub(super) struct UniqueWithoutPartitionColumn;

const ABOUT: About = About {
    name: "unique-without-partition-column",
    severity: Severity::Error,
    summary: "A unique key of a partitioned table must contain what it is partitioned by.",
    why: "Each partition has an index of its own, and none can see a duplicate in another: \
        PostgreSQL and TimescaleDB refuse the key.",
    remedy: "add the partition column to the key",
    given: "",
    bad: "\
create table events (id bigint primary key, at timestamptz not null) partition by range (at);",
    good: "\
create table events (id bigint, at timestamptz, primary key (id, at)) partition by range (at);",
};

impl Rule for UniqueWithoutPartitionColumn {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn finish(&self, whole: &Whole<'_>, findings: &mut Findings<'_>) {
        for statement in &whole.script.statements {
            let mut keys: Vec<(Span, &Name, Vec<String>)> = added_constraints(&statement.action)
                .filter(|(_, one)| {
                    matches!(one.kind, ConstraintKind::PrimaryKey | ConstraintKind::Unique)
                        && one.using_index.is_none()
                })
                .map(|(name, one)| (one.span, name, one.columns.clone()))
                .collect();
            if let Action::CreateIndex(index) = &statement.action
                && index.is_unique
            {
                let columns = index.columns.iter().flatten().cloned().collect();
                keys.push((statement.span, &index.table, columns));
            }
            for (span, name, columns) in keys {
                let Some(table) = whole.after.table(name) else { continue };
                let missing =
                    table.partition_columns.iter().find(|column| !columns.contains(column));
                if let Some(missing) = missing {
                    let kind = if table.is_hypertable { "hypertable" } else { "partitioned table" };
                    let message =
                        format!("`{name}` is a {kind} by `{missing}`, which the key leaves out");
                    findings.add(span, message);
                }
            }
        }
    }
}
