//! Lists a tenant's schedules.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shelfops_db::models::Schedule;

use super::output::counted;
use super::{Access, Context, Effect, OpError, Operation, Output};
use crate::jobs::shown;

/// Lists a tenant's schedules.
pub(crate) struct ScheduleList;

/// Whose schedules.
#[derive(Debug, Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// The tenant
    #[arg(long)]
    pub(crate) tenant: String,
    /// Only of this system
    #[arg(long, alias = "integration")]
    #[serde(default)]
    pub(crate) source: Option<String>,
}

/// One schedule.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Row {
    pub(super) kind: String,
    pub(super) source: Option<String>,
    pub(super) stream: Option<String>,
    pub(super) rhythm: String,
    pub(super) is_paused: bool,
    pub(super) next_due_at: Option<String>,
    pub(super) last_enqueued_at: Option<String>,
    pub(super) schedule: String,
}

impl From<Schedule> for Row {
    fn from(schedule: Schedule) -> Self {
        Self {
            rhythm: shown(schedule.every_seconds, schedule.daily_at.as_deref()),
            kind: schedule.kind,
            source: schedule.source,
            stream: schedule.stream,
            is_paused: schedule.is_paused,
            next_due_at: schedule.next_due_at.map(|at| at.to_string()),
            last_enqueued_at: schedule.last_enqueued_at.map(|at| at.to_string()),
            schedule: schedule.schedule_id.to_string(),
        }
    }
}

impl Operation for ScheduleList {
    const NAME: &'static str = "schedule list";
    const SUMMARY: &'static str = "List what is done again and again for a tenant, and when next";
    const DETAILS: &'static str = "\
A schedule is only as good as the workers: `shelfops worker` puts its jobs and does them.";
    const EFFECT: Effect = Effect::Reads;
    const ACCESS: Access<Input> = Access::Tenant(|input| &input.tenant);

    type Input = Input;
    type Data = Vec<Row>;

    async fn run(context: &Context, input: Input) -> Result<Output<Vec<Row>>, OpError> {
        let (tenant, tx) = context.tenant(&input.tenant).await?;
        let mut schedules = tx.schedules().await?;
        if let Some(source) = &input.source {
            schedules.retain(|schedule| schedule.source.as_ref() == Some(source));
        }
        let resting = schedules.iter().filter(|schedule| schedule.is_paused).count();
        let mut summary = format!("{} of {}", counted(schedules.len(), "schedule"), tenant.slug);
        if resting > 0 {
            summary.push_str(&format!(", {resting} paused"));
        }
        Ok(Output::new(summary, schedules.into_iter().map(Row::from).collect()))
    }
}
