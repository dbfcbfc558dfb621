//! A right on a partition, past the policies of its parent.

use super::{About, Rule};
use crate::lint::script::Action;
use crate::lint::{At, Findings, Severity};

/// A right on a partition, past the policies of its parent.
pub(super) struct GrantOnPartition;

const ABOUT: About = About {
    name: "grant-on-partition",
    severity: Severity::Warning,
    summary: "Row security of a partitioned table does not hold for its partitions.",
    why: "Whoever may name the partition reads and writes every tenant's rows in it, also by COPY.",
    remedy: "grant on the parent alone, and keep partitions in a schema that the role cannot use",
    given: "\
create table events (tenant_id uuid not null, at timestamptz not null, primary key (tenant_id, at))
    partition by range (at);
alter table events enable row level security;",
    bad: "\
create table events_may partition of events for values from ('2026-05-01') to ('2026-06-01');
grant select on events_may to app;",
    good: "\
create table events_may partition of events for values from ('2026-05-01') to ('2026-06-01');
grant select on events to app;",
};

impl Rule for GrantOnPartition {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        let Action::Grant(grant) = &at.statement.action else { return };
        for name in &grant.tables {
            let parent = at.state.table(name).and_then(|table| table.partition_of.as_ref());
            let Some(parent) = parent else { continue };
            let own = at.state.table(name).is_some_and(|table| table.has_row_security);
            let guarded = at
                .state
                .table(parent)
                .is_some_and(|table| table.has_row_security || table.is_isolated_by_function);
            if guarded && !own {
                findings.add(
                    at.statement.span,
                    format!("policies of `{parent}` do not hold for who names `{name}`"),
                );
            }
        }
    }
}
