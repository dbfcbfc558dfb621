//! Sets how often something is done for a tenant, or lets it rest.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shelfops_db::TenantTx;
use shelfops_db::models::{NewSchedule, Rhythm, Schedule, ScheduleChange};
use shelfops_ingest::Stream;
use uuid::Uuid;

use super::schedule_list::Row;
use super::{Access, Context, Effect, OpError, Operation, Output};
use crate::jobs::{find, parse_daily, parse_rhythm};

/// Sets a schedule.
pub(crate) struct ScheduleSet;

/// Which schedule, and what of it.
#[derive(Debug, Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// The tenant
    #[arg(long)]
    pub(crate) tenant: String,
    /// Which of the tenant's systems
    #[arg(long, alias = "integration")]
    #[serde(default)]
    pub(crate) source: Option<String>,
    /// The stream: then it is reading it that is scheduled
    #[arg(long)]
    #[serde(default)]
    pub(crate) stream: Option<String>,
    /// The kind of job; `sync` where a stream is named
    #[arg(long)]
    #[serde(default)]
    pub(crate) kind: Option<String>,
    /// How often: 10m, 2h, 7d
    #[arg(long, value_name = "TIME", conflicts_with = "daily_at")]
    #[serde(default)]
    pub(crate) every: Option<String>,
    /// Once a day at this time of the tenant's clock, or within half an hour after: 04:00
    #[arg(long, value_name = "TIME")]
    #[serde(default)]
    pub(crate) daily_at: Option<String>,
    /// Let it rest
    #[arg(long, conflicts_with = "resume")]
    #[serde(default)]
    pub(crate) pause: bool,
    /// Let it go on
    #[arg(long)]
    #[serde(default)]
    pub(crate) resume: bool,
}

impl Operation for ScheduleSet {
    const NAME: &'static str = "schedule set";
    const SUMMARY: &'static str = "Say how often something is done, or let it rest";
    const DETAILS: &'static str = "\
  shelfops schedule set --tenant acme --source till --stream transactions --every 10m
  shelfops schedule set --tenant acme --kind replay-quarantine --pause
Jobs that are waiting already are done; `shelfops job pause` holds one back.";
    const EFFECT: Effect = Effect::Changes;
    const ACCESS: Access<Input> = Access::Tenant(|input| &input.tenant);

    type Input = Input;
    type Data = Row;

    fn changes_tenant(input: &Input) -> Option<&str> {
        Some(&input.tenant)
    }

    async fn run(context: &Context, input: Input) -> Result<Output<Row>, OpError> {
        let wanted = Wanted::of(&input)?;
        let (_, tx) = context.tenant(&input.tenant).await?;
        let integration_id = match &input.source {
            Some(source) => Some(tx.integration_of(source).await?.integration_id),
            None => None,
        };
        match wanted.find(tx.schedules().await?, integration_id) {
            Some(schedule) => {
                tx.change_schedule(schedule.schedule_id, wanted.change).await?;
            }
            None => wanted.add(&tx, integration_id).await?,
        }
        let set = wanted
            .find(tx.schedules().await?, integration_id)
            .ok_or_else(|| OpError::failed("the schedule is gone: somebody removed it just now"))?;
        tx.commit().await?;
        let row = Row::from(set);
        let state = if row.is_paused { "paused" } else { row.rhythm.as_str() };
        let what = row
            .stream
            .as_ref()
            .map_or_else(|| row.kind.clone(), |stream| format!("{} of {stream}", row.kind));
        Ok(Output::new(format!("{what}: {state}"), row))
    }
}

/// What is asked for, checked.
struct Wanted {
    kind: &'static str,
    stream: Option<Stream>,
    change: ScheduleChange,
}

impl Wanted {
    fn of(input: &Input) -> Result<Self, OpError> {
        let stream = input
            .stream
            .as_deref()
            .map(|name| name.parse::<Stream>())
            .transpose()
            .map_err(|error| OpError::usage(error.to_string()))?;
        let kind = match (&input.kind, stream) {
            (Some(kind), _) => kind,
            (None, Some(_)) => "sync",
            (None, None) => return Err(OpError::usage("say what is done: --stream or --kind")),
        };
        let rhythm = match (&input.every, &input.daily_at) {
            (Some(_), Some(_)) => {
                return Err(OpError::usage("every so often, or daily at a time: not both"));
            }
            (Some(every), None) => Some(parse_rhythm(every)?),
            (None, Some(time)) => Some(parse_daily(time)?),
            (None, None) => None,
        };
        let is_paused = match (input.pause, input.resume) {
            (true, true) => return Err(OpError::usage("let it rest, or let it go on: not both")),
            (true, false) => Some(true),
            (false, true) => Some(false),
            (false, false) => None,
        };
        if rhythm.is_none() && is_paused.is_none() {
            return Err(OpError::usage(
                "say what is to change: --every, --daily-at, --pause or --resume",
            ));
        }
        let kind = find(kind)?.name();
        Ok(Self { kind, stream, change: ScheduleChange { rhythm, is_paused } })
    }

    fn find(&self, schedules: Vec<Schedule>, integration_id: Option<Uuid>) -> Option<Schedule> {
        let stream = self.stream.map(Stream::name);
        schedules.into_iter().find(|schedule| {
            schedule.kind == self.kind
                && schedule.stream.as_deref() == stream
                && schedule.integration_id == integration_id
        })
    }

    async fn add(&self, tx: &TenantTx, integration_id: Option<Uuid>) -> Result<(), OpError> {
        let Some(rhythm) = self.change.rhythm else {
            return Err(OpError::not_found(
                "there is no such schedule; `shelfops schedule list` shows them, --every adds one",
            ));
        };
        let new = NewSchedule {
            kind: self.kind,
            integration_id,
            stream: self.stream.map(|stream| stream.name().to_owned()),
            rhythm,
            starts_now: matches!(rhythm, Rhythm::Every { .. }),
        };
        find(self.kind)?.check_schedule(&new, tx.customer_id())?;
        tx.add_schedule(&new).await?;
        Ok(())
    }
}
