//! Jobs: put into the queue by tenants and operators, looked at and steered by operators.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use shelfops_ingest::CustomerId;
use uuid::Uuid;

use super::timestamp;
use crate::error::doing;
use crate::jobs::{Again, JobFailure};
use crate::{Database, DbError, OperatorTx, TenantTx};

/// A job that is to be done.
#[derive(Clone, Debug, PartialEq)]
pub struct NewJob {
    /// What is to be done.
    pub kind: &'static str,
    /// With what: an object. The tenant is added to it, where there is one.
    pub payload: Value,
    /// Jobs of one queue are done one after the other; those without one, whenever there is room.
    pub queue: Option<String>,
    /// A waiting job of the same key is this job: a second is not put.
    pub key: Option<String>,
    /// How often it is tried before it is a dead letter.
    pub max_attempts: i32,
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobState {
    /// Nobody has begun it.
    Waiting,
    /// A worker is at it.
    Running,
    /// It failed, and will be tried again.
    Retrying,
    /// Somebody holds it back.
    Paused,
    /// It used up its attempts, or trying again would not help.
    Dead,
}

impl JobState {
    /// Every state.
    pub const ALL: [Self; 5] =
        [Self::Waiting, Self::Running, Self::Retrying, Self::Paused, Self::Dead];

    /// Returns its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Retrying => "retrying",
            Self::Paused => "paused",
            Self::Dead => "dead",
        }
    }
}

/// A job as it stands in the queue.
#[derive(Clone, Debug, Serialize)]
pub struct Job {
    /// Its number.
    pub job_id: i64,
    /// What is to be done.
    pub kind: String,
    /// `waiting`, `running`, `retrying`, `paused` or `dead`.
    pub state: String,
    /// Whose it is; `None` for work on the whole database.
    pub customer_id: Option<CustomerId>,
    /// With what.
    pub payload: Value,
    /// How often it was tried.
    pub attempts: i16,
    /// How often it may be.
    pub max_attempts: i16,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
    /// When it is tried next; `None` while it is paused.
    pub run_at: Option<Timestamp>,
    /// When it was put.
    pub created_at: Option<Timestamp>,
    /// Since when it runs.
    pub started_at: Option<Timestamp>,
}

/// Which jobs.
#[derive(Clone, Debug, Default)]
pub struct JobFilter<'a> {
    /// Only that one.
    pub job_id: Option<i64>,
    /// Only a tenant's.
    pub customer_id: Option<CustomerId>,
    /// Only of a kind.
    pub kind: Option<&'a str>,
    /// Only in a state.
    pub state: Option<JobState>,
    /// How many at most, newest first.
    pub limit: i64,
}

/// How a job stands, by the queue's own columns.
const STATE: &str = "case
    when job.locked_at is not null then 'running'
    when job.attempts >= job.max_attempts then 'dead'
    when job.run_at = 'infinity' then 'paused'
    when job.attempts > 0 then 'retrying'
    else 'waiting'
end";

/// Puts a job unless one of its key waits; answers its number, or null.
const PUT_UNLESS_WAITING: &str = "select case when not coalesce(shelfops.job_waits($4), false)
    then shelfops.enqueue_job($1, $2, $3, $4, $5) end";

impl TenantTx {
    /// Puts a job of this tenant, and answers its number. Workers see it when this transaction is
    /// committed; rolled back, it never was.
    ///
    /// # Errors
    /// Fails when the server does, and refuses a payload that is no object or too large.
    pub async fn enqueue(&self, job: &NewJob) -> Result<i64, DbError> {
        let row = self
            .query_one(
                "select shelfops.enqueue_job($1, $2, $3, $4, $5)",
                &[&job.kind, &job.payload, &job.queue, &job.key, &job.max_attempts],
            )
            .await
            .map_err(doing("enqueue a job"))?;
        Ok(row.get(0))
    }

    /// Puts a job of this tenant, unless one of its key waits to be begun; answers whether it was put.
    ///
    /// Nobody is waited for where one does. What the job is to see must be committed before: one that
    /// waits may begin at any moment.
    ///
    /// # Errors
    /// As for [`TenantTx::enqueue`].
    pub async fn enqueue_unless_waiting(&self, job: &NewJob) -> Result<bool, DbError> {
        let row = self
            .query_one(
                PUT_UNLESS_WAITING,
                &[&job.kind, &job.payload, &job.queue, &job.key, &job.max_attempts],
            )
            .await
            .map_err(doing("enqueue a job"))?;
        Ok(row.get::<_, Option<i64>>(0).is_some())
    }
}

impl Database {
    /// As [`TenantTx::enqueue_unless_waiting`], in a transaction of its own.
    ///
    /// # Errors
    /// As for [`TenantTx::enqueue`].
    pub async fn enqueue_unless_waiting(
        &self,
        customer_id: CustomerId,
        job: &NewJob,
    ) -> Result<bool, DbError> {
        let rows = self
            .run_alone(
                customer_id,
                "enqueue a job",
                PUT_UNLESS_WAITING,
                &[&job.kind, &job.payload, &job.queue, &job.key, &job.max_attempts],
            )
            .await?;
        Ok(rows.iter().any(|row| row.get::<_, Option<i64>>(0).is_some()))
    }
}

impl OperatorTx {
    /// Puts a job of a tenant, or of the whole database, and answers its number.
    ///
    /// # Errors
    /// As for [`TenantTx::enqueue`].
    pub async fn enqueue(&self, owner: Option<CustomerId>, job: &NewJob) -> Result<i64, DbError> {
        self.put(owner, job, false).await
    }

    /// Puts a job, unless one of its key is running: then that is this one.
    pub(crate) async fn enqueue_unless_running(
        &self,
        owner: Option<CustomerId>,
        job: &NewJob,
    ) -> Result<i64, DbError> {
        self.put(owner, job, true).await
    }

    async fn put(
        &self,
        owner: Option<CustomerId>,
        job: &NewJob,
        unless_running: bool,
    ) -> Result<i64, DbError> {
        let owner = owner.map(CustomerId::as_uuid);
        let (kind, payload, attempts) = (&job.kind, &job.payload, &job.max_attempts);
        let row = self
            .query_opt(
                "select shelfops.put_job($1, $2, $3, $4, $5, $6, $7)",
                &[&owner, kind, payload, &job.queue, &job.key, attempts, &unless_running],
            )
            .await
            .map_err(doing("enqueue a job"))?;
        row.map(|row| row.get(0)).ok_or(DbError::NotMigrated)
    }

    /// Lists jobs, newest first.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn jobs(&self, filter: &JobFilter<'_>) -> Result<Vec<Job>, DbError> {
        let customer_id = filter.customer_id.map(|id| id.to_string());
        let rows = self
            .query(
                &format!(
                    "with told as (
                         select job.id, task.identifier, job.payload::jsonb as payload,
                             job.attempts, job.max_attempts, job.last_error,
                             nullif(job.run_at, 'infinity') as run_at, job.created_at,
                             job.locked_at, {STATE} as state
                         from shelfops_queue._private_jobs as job
                         join shelfops_queue._private_tasks as task on task.id = job.task_id
                     )
                     select id, identifier, state, payload, attempts, max_attempts, last_error,
                         run_at, created_at, locked_at
                     from told
                     where ($1::bigint is null or id = $1)
                         and ($2::text is null or payload ->> 'customer_id' = $2)
                         and ($3::text is null or identifier = $3)
                         and ($4::text is null or state = $4)
                     order by id desc
                     limit $5"
                ),
                &[
                    &filter.job_id,
                    &customer_id,
                    &filter.kind,
                    &filter.state.map(JobState::name),
                    &filter.limit,
                ],
            )
            .await
            .map_err(doing("list the jobs"))?;
        Ok(rows.iter().map(job).collect())
    }

    /// Counts the jobs in each state that there is one in.
    pub(super) async fn jobs_by_state(&self) -> Result<BTreeMap<String, i64>, DbError> {
        let sql = format!(
            "select {STATE} as state, count(*) from shelfops_queue._private_jobs as job
             group by state"
        );
        let rows = self.query(&sql, &[]).await.map_err(doing("count the jobs"))?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    /// Lets a job be tried now, with all its attempts before it. A running one is left alone.
    ///
    /// # Errors
    /// Fails when the server does. Answers whether there was such a job, and nobody was at it.
    pub async fn run_job(&self, job_id: i64) -> Result<bool, DbError> {
        let moved = "select count(*) from shelfops_queue.reschedule_jobs(
                         array[$1::bigint], run_at => now(), attempts => 0)";
        let is_moved = self.steer(moved, job_id).await?;
        if is_moved {
            self.query("select shelfops.wake_workers()", &[])
                .await
                .map_err(doing("wake the workers"))?;
        }
        Ok(is_moved)
    }

    /// Holds a job back that waits, or will be tried again. As long as it is there, no second one of its
    /// key is put, so its schedule rests as well.
    ///
    /// # Errors
    /// Fails when the server does. Answers whether there was such a job.
    pub async fn pause_job(&self, job_id: i64) -> Result<bool, DbError> {
        let held = "with held as (
                        update shelfops_queue._private_jobs
                        set run_at = 'infinity', updated_at = now()
                        where id = $1 and locked_at is null and attempts < max_attempts
                        returning id
                    )
                    select count(*) from held";
        self.steer(held, job_id).await
    }

    /// Lets a paused job go on.
    ///
    /// # Errors
    /// Fails when the server does. Answers whether there was such a job.
    pub async fn resume_job(&self, job_id: i64) -> Result<bool, DbError> {
        let released = "with released as (
                            update shelfops_queue._private_jobs
                            set run_at = now(), updated_at = now()
                            where id = $1 and locked_at is null and run_at = 'infinity'
                            returning id
                        )
                        select count(*) from released, shelfops.wake_workers()";
        self.steer(released, job_id).await
    }

    async fn steer(&self, sql: &str, job_id: i64) -> Result<bool, DbError> {
        let row = self.query_opt(sql, &[&job_id]).await.map_err(doing("steer a job"))?;
        Ok(row.is_some_and(|row| row.get::<_, i64>(0) > 0))
    }
}

impl Database {
    /// Lets workers look at the queue now, where somebody would find something.
    pub(crate) async fn wake_workers_for_more(&self) -> Result<(), DbError> {
        self.owner_connection()
            .await?
            .execute("select shelfops.wake_workers_for_more()", &[])
            .await
            .map(drop)
            .map_err(doing("wake the workers"))
    }

    /// Writes down why a job failed, and when it is tried again.
    pub(crate) async fn settle_failed_job(
        &self,
        job_id: i64,
        failure: &JobFailure,
    ) -> Result<(), DbError> {
        let seconds = match failure.again {
            Again::After(delay) => Some(delay.as_secs_f64()),
            Again::Never => None,
        };
        let operator = self.operator().await?;
        operator
            .query(
                "select shelfops.settle_failed_job($1, $2, make_interval(secs => $3))",
                &[&job_id, &failure.reason, &seconds],
            )
            .await
            .map_err(doing("write down why a job failed"))?;
        operator.commit().await
    }
}

fn job(row: &tokio_postgres::Row) -> Job {
    let payload: Value = row.get(3);
    let customer_id = payload["customer_id"].as_str().and_then(|id| Uuid::try_parse(id).ok());
    Job {
        job_id: row.get(0),
        kind: row.get(1),
        state: row.get(2),
        customer_id: customer_id.map(CustomerId::new),
        payload,
        attempts: row.get(4),
        max_attempts: row.get(5),
        last_error: row.get(6),
        run_at: row.get::<_, Option<_>>(7).and_then(timestamp),
        created_at: timestamp(row.get(8)),
        started_at: row.get::<_, Option<_>>(9).and_then(timestamp),
    }
}
