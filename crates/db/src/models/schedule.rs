//! Schedules: what is done again and again, and when next.

use jiff::Timestamp;
use jiff::civil::Time;
use serde::Serialize;
use shelfops_ingest::CustomerId;
use uuid::Uuid;

use super::{system_time, timestamp};
use crate::error::doing;
use crate::jobs::Runner;
use crate::{Database, DbError, OperatorTx, TenantTx};

/// A schedule that is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSchedule {
    /// Which kind of job.
    pub kind: &'static str,
    /// Of which integration; `None` for work on the tenant's own tables.
    pub integration_id: Option<Uuid>,
    /// Of which stream, for kinds that have one.
    pub stream: Option<String>,
    /// When.
    pub rhythm: Rhythm,
    /// Whether it is due at once, instead of at its next time.
    pub starts_now: bool,
}

/// When something is done again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rhythm {
    /// Every so many seconds: from a minute to 31 days.
    Every {
        /// How many.
        seconds: i32,
    },
    /// Once a day, at that time by the tenant's clock or within half an hour after.
    DailyAt(Time),
}

/// A schedule.
#[derive(Clone, Debug, Serialize)]
pub struct Schedule {
    /// Its id.
    pub schedule_id: Uuid,
    /// Which kind of job.
    pub kind: String,
    /// Of which integration.
    pub integration_id: Option<Uuid>,
    /// What the integration is called.
    pub source: Option<String>,
    /// Of which stream.
    pub stream: Option<String>,
    /// How often.
    pub every_seconds: i32,
    /// At which time of the tenant's clock, if it is daily at a time.
    pub daily_at: Option<String>,
    /// Whether it rests.
    pub is_paused: bool,
    /// When it is due next.
    pub next_due_at: Option<Timestamp>,
    /// When its last job was put.
    pub last_enqueued_at: Option<Timestamp>,
}

/// What is to be changed of schedules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScheduleChange {
    /// When.
    pub rhythm: Option<Rhythm>,
    /// Whether it rests.
    pub is_paused: Option<bool>,
}

/// A schedule whose time has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueSchedule {
    /// Whose; `None` for work on the whole database.
    pub customer_id: Option<CustomerId>,
    /// Which kind of job.
    pub kind: String,
    /// Of which integration.
    pub integration_id: Option<Uuid>,
    /// Of which stream.
    pub stream: Option<String>,
    /// When it was due.
    pub due_at: Option<Timestamp>,
}

impl Rhythm {
    /// Returns the columns that say it.
    fn columns(self) -> (i32, Option<String>) {
        match self {
            Self::Every { seconds } => (seconds, None),
            Self::DailyAt(time) => (86_400, Some(time.to_string())),
        }
    }
}

impl TenantTx {
    /// Adds a schedule, unless there is one of that kind, integration and stream; answers whether it
    /// was added.
    ///
    /// # Errors
    /// Fails when the server does, or when there is no such integration.
    pub async fn add_schedule(&self, new: &NewSchedule) -> Result<bool, DbError> {
        let (every_seconds, daily_at) = new.rhythm.columns();
        let added = self
            .execute(
                "insert into schedules
                     (customer_id, schedule_id, kind, integration_id, stream, every_seconds, daily_at,
                      next_due_at)
                 select $1, $2, $3, $4, $5, $6, $7::text::time,
                     case when $8 then now()
                     else shelfops.next_due($2::uuid::text, $6, $7::text::time, time_zone, now()) end
                 from customers
                 where customer_id = $1
                 on conflict (customer_id, integration_id, kind, stream) do nothing",
                &[
                    &self.customer_id().as_uuid(),
                    &Uuid::now_v7(),
                    &new.kind,
                    &new.integration_id,
                    &new.stream,
                    &every_seconds,
                    &daily_at,
                    &new.starts_now,
                ],
            )
            .await
            .map_err(doing("add a schedule"))?;
        Ok(added > 0)
    }

    /// Lists the tenant's schedules, in the order they were made.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn schedules(&self) -> Result<Vec<Schedule>, DbError> {
        let rows = self
            .query(
                "select schedule.schedule_id, schedule.kind, schedule.integration_id,
                     integration.source, schedule.stream, schedule.every_seconds,
                     to_char(schedule.daily_at, 'HH24:MI'), schedule.is_paused, schedule.next_due_at,
                     schedule.last_enqueued_at
                 from schedules as schedule
                 left join integrations as integration
                     on integration.customer_id = $1
                     and integration.integration_id = schedule.integration_id
                 where schedule.customer_id = $1
                 order by schedule.schedule_id",
                &[&self.customer_id().as_uuid()],
            )
            .await
            .map_err(doing("list the schedules"))?;
        Ok(rows
            .iter()
            .map(|row| Schedule {
                schedule_id: row.get(0),
                kind: row.get(1),
                integration_id: row.get(2),
                source: row.get(3),
                stream: row.get(4),
                every_seconds: row.get(5),
                daily_at: row.get(6),
                is_paused: row.get(7),
                next_due_at: timestamp(row.get(8)),
                last_enqueued_at: row.get::<_, Option<_>>(9).and_then(timestamp),
            })
            .collect())
    }

    /// Changes a schedule; its next time follows from its new rhythm.
    ///
    /// # Errors
    /// Fails when the server does. Answers whether there was such a schedule.
    pub async fn change_schedule(
        &self,
        schedule_id: Uuid,
        change: ScheduleChange,
    ) -> Result<bool, DbError> {
        let columns = change.rhythm.map(Rhythm::columns);
        let (every_seconds, daily_at) = columns.clone().unwrap_or_default();
        let changed = self
            .execute(
                "update schedules as schedule
                 set
                     every_seconds = case when $3 then $4 else schedule.every_seconds end,
                     daily_at = case when $3 then $5::text::time else schedule.daily_at end,
                     is_paused = coalesce($6, schedule.is_paused),
                     next_due_at = case when $3
                         then shelfops.next_due(
                             schedule.schedule_id::text, $4, $5::text::time, customer.time_zone, now())
                         else schedule.next_due_at end
                 from customers as customer
                 where customer.customer_id = $1
                     and schedule.customer_id = $1
                     and schedule.schedule_id = $2",
                &[
                    &self.customer_id().as_uuid(),
                    &schedule_id,
                    &columns.is_some(),
                    &every_seconds,
                    &daily_at,
                    &change.is_paused,
                ],
            )
            .await
            .map_err(doing("change a schedule"))?;
        Ok(changed > 0)
    }

    /// Makes a schedule due at a moment, for those who cannot wait.
    ///
    /// # Errors
    /// Fails when the server does. Answers whether there was such a schedule.
    pub async fn set_next_due(&self, schedule_id: Uuid, at: Timestamp) -> Result<bool, DbError> {
        let changed = self
            .execute(
                "update schedules set next_due_at = $3 where customer_id = $1 and schedule_id = $2",
                &[&self.customer_id().as_uuid(), &schedule_id, &system_time(at)],
            )
            .await
            .map_err(doing("change when a schedule is due"))?;
        Ok(changed > 0)
    }
}

impl Database {
    /// Puts a job for each schedule that is due, and answers how many schedules were. Of all workers
    /// that ask at once, one does it; each schedule moves on in the transaction that puts its job.
    ///
    /// # Errors
    /// Fails when the server does; then nothing was put, and nothing moved on.
    pub async fn enqueue_due(&self, runner: &dyn Runner) -> Result<usize, DbError> {
        let operator = self.operator().await?;
        let due = operator.take_due_schedules().await?;
        for schedule in &due {
            let Some(job) = runner.scheduled(schedule) else {
                tracing::warn!(kind = schedule.kind, "a schedule is of a kind that nobody knows");
                continue;
            };
            operator.enqueue_unless_running(schedule.customer_id, &job).await?;
        }
        if due.is_empty() {
            return Ok(0);
        }
        operator.commit().await?;
        Ok(due.len())
    }
}

impl OperatorTx {
    async fn take_due_schedules(&self) -> Result<Vec<DueSchedule>, DbError> {
        let rows = self
            .query(
                "select due_customer_id, due_kind, due_integration_id, due_stream, due_at
                 from shelfops.take_due_schedules()",
                &[],
            )
            .await
            .map_err(doing("look for schedules that are due"))?;
        Ok(rows
            .iter()
            .map(|row| DueSchedule {
                customer_id: row.get::<_, Option<Uuid>>(0).map(CustomerId::new),
                kind: row.get(1),
                integration_id: row.get(2),
                stream: row.get(3),
                due_at: timestamp(row.get(4)),
            })
            .collect())
    }
}
