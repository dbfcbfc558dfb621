//! What the program reads and writes of each table: one file a table, every query in it.

mod api_key;
mod arrears;
mod audit_entry;
mod customer;
mod freshness;
mod integration;
mod integration_failure;
mod job;
pub(crate) mod plan;
mod platform_alert;
mod pulse;
mod quarantined_record;
mod reconciliation;
mod reference;
mod replay;
mod sales;
mod schedule;
mod slow_statement;
mod statement_history;
mod store;
mod sync_cursor;
mod sync_run;
mod waiting_records;
mod webhook_event;

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use jiff::tz::TimeZone;

pub use api_key::{ApiKey, ApiKeyToken, KeyOwner, NewApiKey, NoApiKey};
pub use arrears::Arrears;
pub use audit_entry::AuditEntry;
pub use customer::{NewTenant, Tenant, TenantSettings};
pub use freshness::StreamFreshness;
pub use integration::{
    ConnectedAccount, Integration, IntegrationStatus, NewIntegration, StoredSecrets,
};
pub use integration_failure::ConnectionPart;
pub use job::{Job, JobFilter, JobState, NewJob};
pub use plan::{NewPlan, NewPlanStep, POLICY, Plan, PlanDecision, PlanEvent, PlanRuns, PlanStep};
pub use platform_alert::{PlatformAlert, Raising};
pub use pulse::Pulse;
pub(crate) use quarantined_record::Disposal;
pub use quarantined_record::{QuarantineFilter, QuarantineSummary, QuarantinedRow, RunRefusals};
pub use reconciliation::{DayCount, DayLine, Reconciliation, ReconciliationOutcome};
pub use reference::{ReferenceCounts, reference_counts};
pub use replay::{ReplayCandidate, ReplayChoice, ReplayFilter, WaitingGroup};
pub use sales::{DailySales, StockOut, TopSeller};
pub use schedule::{DueSchedule, NewSchedule, Rhythm, Schedule, ScheduleChange};
pub use slow_statement::{Deciding, SeenStatement, SlowState, SlowStatement};
pub use statement_history::{COUNT_STATEMENTS, StatementCounters, StatementSnapshot};
pub(crate) use sync_cursor::CursorPlace;
pub use sync_cursor::StoredCursor;
pub use sync_run::{NewRun, RunEnd, RunLock, SyncRun};
pub use waiting_records::WaitingRecords;
pub use webhook_event::{Arrival, NewWebhookEvent, WaitingEvent};

use crate::DbError;

/// Reads the name of a time zone.
///
/// # Errors
/// Refuses a name that this machine does not know: local times read by another clock would be wrong,
/// and business dates would differ from those that the server computes.
pub(crate) fn time_zone(name: &str) -> Result<TimeZone, DbError> {
    let unknown = || DbError::UnknownTimeZone(name.to_owned());
    TimeZone::get(name).ok().filter(|zone| !zone.is_unknown()).ok_or_else(unknown)
}

/// Reads a time of the database; `None` for those that only a database can mean, like infinity.
pub(crate) fn timestamp(time: SystemTime) -> Option<Timestamp> {
    Timestamp::try_from(time).ok()
}

/// Writes a time as the driver takes it, to the microsecond that the database keeps.
pub(crate) fn system_time(moment: Timestamp) -> SystemTime {
    let distance = Duration::from_micros(moment.as_microsecond().unsigned_abs());
    if moment < Timestamp::UNIX_EPOCH {
        SystemTime::UNIX_EPOCH - distance
    } else {
        SystemTime::UNIX_EPOCH + distance
    }
}
