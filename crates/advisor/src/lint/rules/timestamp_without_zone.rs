//! A point in time without its zone.

use super::added_columns;
use super::{About, Rule};
use crate::lint::{At, Findings, Severity};

/// A point in time without its zone.
pub(super) struct TimestampWithoutZone;

const ABOUT: About = About {
    name: "timestamp-without-zone",
    severity: Severity::Warning,
    summary: "`timestamp` does not say by whose clock.",
    why: "The same value means another instant in each session: `now()` is stored by the local \
        clock, and the hour that daylight saving repeats is ambiguous.",
    remedy: "use `timestamptz`; for a time of the wall clock keep the zone in a column beside it",
    given: "",
    bad: "\
create table sales (id bigint primary key, sold_at timestamp);",
    good: "\
create table sales (id bigint primary key, sold_at timestamptz);",
};

impl Rule for TimestampWithoutZone {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        for (table, column) in added_columns(&at.statement.action) {
            if column.data_type.name == "timestamp" {
                findings.add(
                    column.type_span,
                    format!("`{table}.{}` does not say by whose clock", column.name),
                );
            }
        }
    }
}
