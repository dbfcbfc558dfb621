//! Row security on a hypertable that is compressed.

use super::{About, Rule};
use crate::lint::script::action::{Action, CallOf, Change};
use crate::lint::{At, Findings, Severity};

/// Row security on a hypertable that is compressed.
pub(super) struct RlsOnCompressedHypertable;

const ABOUT: About = About {
    name: "rls-on-compressed-hypertable",
    severity: Severity::Error,
    summary: "TimescaleDB compresses no table with row security, and builds no continuous aggregate on \
        one.",
    why: "Enabling compression fails with `compression cannot be used on table with row security`; \
        with row security first, so does the continuous aggregate. Whichever comes second breaks \
        the migration.",
    remedy: "guard the hypertable by a view: keep it in a schema of its own without rights, and give \
        `security_barrier` views with a check option",
    given: "",
    bad: "\
create table readings (tenant_id uuid not null, at timestamptz not null, value numeric);
select create_hypertable('readings', 'at');
alter table readings enable row level security;
alter table readings set (timescaledb.compress);",
    good: "\
create table readings (tenant_id uuid not null, at timestamptz not null, value numeric);
select create_hypertable('readings', 'at');
alter table readings enable row level security;
alter table readings force row level security;
create policy isolation on readings using (tenant_id = current_setting('app.tenant')::uuid);",
};

impl Rule for RlsOnCompressedHypertable {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        let (table, security, compression) = match &at.statement.action {
            Action::AlterTable(alter) => {
                let security = alter
                    .changes
                    .iter()
                    .find(|(_, change)| matches!(change, Change::EnableRowSecurity));
                let compression = alter.changes.iter().find(|(_, change)| match change {
                    Change::SetOptions(options) => options.iter().any(|(name, value)| {
                        let name = name.rsplit('.').next().unwrap_or_default();
                        matches!(name, "compress" | "enable_columnstore") && value != "false"
                    }),
                    _ => false,
                });
                (
                    alter.table.clone(),
                    security.map(|(span, _)| *span),
                    compression.map(|(span, _)| *span),
                )
            }
            Action::Select { calls } => {
                let policy = calls.iter().find(|call| {
                    call.name.ends_with("add_compression_policy")
                        || call.name.ends_with("add_columnstore_policy")
                });
                match policy.and_then(CallOf::table) {
                    Some(table) => (table, None, Some(at.statement.span)),
                    None => return,
                }
            }
            _ => return,
        };
        let Some(known) = at.state.table(&table) else { return };
        if let Some(span) = security.filter(|_| known.is_compressed) {
            findings
                .add(span, format!("`{table}` is compressed: its chunks cannot have row security"));
        }
        if let Some(span) = compression.filter(|_| known.has_row_security) {
            findings
                .add(span, format!("`{table}` has row security: its chunks cannot be compressed"));
        }
    }
}
