//! The registry of operations: what the product can do, once, for every way of asking for it.
//!
//! An operation is one file here and one line in [`OPERATIONS`]. The command line, and every other
//! face, is a thin skin over this list: what one can do all can, with the same JSON.

mod api_key_add;
mod api_key_list;
mod api_key_revoke;
mod doctor;
mod import;
mod integration_add;
mod integration_check;
mod integration_connect;
mod integration_list;
mod integration_remove;
mod integration_show;
mod integration_types;
mod job_list;
mod job_pause;
mod job_resume;
mod job_run;
mod job_show;
mod migrate_down;
mod migrate_drift;
mod migrate_lint;
pub(crate) mod migrate_rehearse;
mod migrate_status;
mod migrate_up;
mod plan_apply;
mod plan_approve;
mod plan_list;
mod plan_reject;
mod plan_show;
mod quality_rules;
mod quarantine_discard;
mod quarantine_list;
mod quarantine_replay;
mod quarantine_show;
mod query_advise;
mod query_explain;
mod query_mute;
mod query_top;
mod schedule_list;
mod schedule_set;
mod schema_design;
mod schema_list;
mod schema_show;
mod secret_rotate;
mod sync_backfill;
mod sync_list;
mod sync_reconcile;
mod sync_run;
mod sync_show;
mod tenant_add;
mod tenant_list;
mod tenant_show;
mod timeseries_list;
mod timeseries_plan;
mod timeseries_show;

pub(crate) mod context;
pub(crate) mod error;
pub(crate) mod operation;
pub(crate) mod output;
pub(crate) mod principal;

use serde_json::{Value, json};

pub(crate) use context::Context;
pub(crate) use error::OpError;
pub(crate) use operation::{AnyOperation, Effect, Operation};
pub(crate) use output::Output;
pub(crate) use principal::{Access, Principal, Scope};

/// Every operation, in the order people read them.
pub(crate) const OPERATIONS: &[&dyn AnyOperation] = &[
    &doctor::Doctor,
    &migrate_up::MigrateUp,
    &migrate_down::MigrateDown,
    &migrate_status::MigrateStatus,
    &migrate_lint::MigrateLint,
    &migrate_rehearse::MigrateRehearse,
    &migrate_drift::MigrateDrift,
    &schema_list::SchemaList,
    &schema_show::SchemaShow,
    &schema_design::SchemaDesign,
    &plan_list::PlanList,
    &plan_show::PlanShow,
    &plan_approve::PlanApprove,
    &plan_reject::PlanReject,
    &plan_apply::PlanApply,
    &tenant_add::TenantAdd,
    &tenant_list::TenantList,
    &tenant_show::TenantShow,
    &api_key_add::ApiKeyAdd,
    &api_key_list::ApiKeyList,
    &api_key_revoke::ApiKeyRevoke,
    &import::Import,
    &integration_types::IntegrationTypes,
    &integration_add::IntegrationAdd,
    &integration_connect::IntegrationConnect,
    &integration_check::IntegrationCheck,
    &integration_list::IntegrationList,
    &integration_show::IntegrationShow,
    &integration_remove::IntegrationRemove,
    &secret_rotate::SecretRotate,
    &sync_run::SyncRun,
    &sync_backfill::SyncBackfill,
    &sync_reconcile::SyncReconcile,
    &sync_show::SyncShow,
    &sync_list::SyncList,
    &quality_rules::QualityRules,
    &quarantine_list::QuarantineList,
    &quarantine_show::QuarantineShow,
    &quarantine_replay::QuarantineReplay,
    &quarantine_discard::QuarantineDiscard,
    &query_top::QueryTop,
    &query_explain::QueryExplain,
    &query_advise::QueryAdvise,
    &query_mute::QueryMute,
    &job_list::JobList,
    &job_show::JobShow,
    &job_run::JobRun,
    &job_pause::JobPause,
    &job_resume::JobResume,
    &schedule_list::ScheduleList,
    &schedule_set::ScheduleSet,
    &timeseries_list::TimeseriesList,
    &timeseries_plan::TimeseriesPlan,
    &timeseries_show::TimeseriesShow,
];

/// What the first words of operations' names are about.
pub(crate) const NOUNS: &[(&str, &str)] = &[
    (
        "migrate",
        "Build the schema and take it back, step by step; judge migrations and rehearse them",
    ),
    ("schema", "What tables and views there are, and the design of new ones"),
    ("plan", "Changes of the schema that wait for approval, and what became of them"),
    ("tenant", "The retailers whose data is kept here, apart from each other"),
    ("api-key", "Keys for the HTTP interface, each for one tenant"),
    ("integration", "Connected systems: who let us in where, and how fresh each is"),
    ("secret", "What tokens are encrypted with"),
    ("sync", "Runs of sources through the pipeline, and comparisons with the vendor"),
    ("quality", "What data must be like"),
    ("quarantine", "Records that a rule refused, kept until they are replayed or discarded"),
    ("query", "What statements cost, why, and what to do about it"),
    ("job", "Background jobs: those that are not done yet, and those that failed for good"),
    ("schedule", "What is done again and again for a tenant"),
    ("timeseries", "Tables that are partitioned by time"),
];

/// Finds an operation by its name.
pub(crate) fn find(name: &str) -> Option<&'static dyn AnyOperation> {
    OPERATIONS.iter().copied().find(|operation| operation.name() == name)
}

/// Lists every operation with what a program needs to call it.
pub(crate) fn catalogue() -> Output<Value> {
    let listed: Vec<Value> = OPERATIONS
        .iter()
        .map(|operation| {
            json!({
                "name": operation.name(),
                "summary": operation.summary(),
                "effect": operation.effect(),
                "access": operation.access(),
                "scope": operation.scope(),
                "input": operation.input_schema(),
                "output": operation.output_schema(),
            })
        })
        .collect();
    Output::new(format!("{} operations", listed.len()), json!(listed))
}

#[cfg(test)]
mod tests;
