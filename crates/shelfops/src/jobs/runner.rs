//! Who does the jobs that a worker takes, and what is heard of it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use futures::FutureExt;
use futures::future::BoxFuture;
use shelfops_db::jobs::{Again, JobFailure, Runner, TakenJob, Worker, WorkerSettings};
use shelfops_db::models::{DueSchedule, NewJob};
use shelfops_db::{Database, DbError};
use shelfops_ingest::CustomerId;
use tracing::Instrument as _;
use uuid::Uuid;

use super::{Done, JOBS, find, scheduled, told};
use crate::ops::context::{Talk, TaskProgress};
use crate::ops::error::ErrorKind;
use crate::ops::{Context, OpError};
use crate::telemetry;

/// Does jobs in one context, and counts them.
pub(crate) struct Crew {
    context: Arc<Context>,
    talk: Arc<WorkerTalk>,
    done: AtomicU64,
    failed: AtomicU64,
}

/// What a worker's jobs say: lines only, since progress bars of several jobs at once would be no use,
/// and the wish to stop of the person or the queue.
pub(crate) struct WorkerTalk {
    terminal: Arc<dyn Talk>,
    shift: Mutex<Arc<AtomicBool>>,
}

/// Makes a worker that knows every kind of job.
pub(crate) fn worker(database: &Database, settings: WorkerSettings, crew: Arc<Crew>) -> Worker {
    let worker = Worker::new(database.clone(), settings, crew);
    JOBS.iter().fold(worker, |worker, work| work.register(worker))
}

impl Crew {
    /// Makes a crew.
    pub(crate) fn new(context: Arc<Context>, talk: Arc<WorkerTalk>) -> Self {
        Self { context, talk, done: AtomicU64::new(0), failed: AtomicU64::new(0) }
    }

    /// Returns how many jobs were done, and how many attempts failed.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.done.load(Ordering::Relaxed), self.failed.load(Ordering::Relaxed))
    }

    async fn attempt(&self, job: &TakenJob) -> Result<String, OpError> {
        let work = find(job.kind)?;
        match work.run(&self.context, job.payload.clone()).await? {
            Done::All(said) => Ok(said),
            Done::Part(said) => {
                if let Some(rest) = work.rest(job.payload.clone()) {
                    self.put(&rest).await?;
                }
                Ok(format!("{said}; the rest is another job"))
            }
        }
    }

    /// Puts a job for the tenant that it names.
    async fn put(&self, job: &NewJob) -> Result<(), OpError> {
        let owner = job.payload["customer_id"].as_str().and_then(|id| Uuid::parse_str(id).ok());
        let operator = self.context.database().await?.operator().await?;
        operator.enqueue(owner.map(CustomerId::new), job).await?;
        operator.commit().await?;
        Ok(())
    }

    async fn do_job(&self, job: TakenJob) -> Result<(), JobFailure> {
        self.talk.follow(job.stop_flag());
        let span = tracing::info_span!(
            "job",
            job_id = job.job_id,
            kind = job.kind,
            attempt = job.attempt,
            otel.name = tracing::field::Empty,
        );
        telemetry::describe(&span, &format!("job {}", job.kind));
        self.conclude(job).instrument(span).await
    }

    async fn conclude(&self, job: TakenJob) -> Result<(), JobFailure> {
        let started = Instant::now();
        let outcome = self.attempt(&job).await;
        let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let what = describe(&job);
        match outcome {
            Ok(said) => {
                self.done.fetch_add(1, Ordering::Relaxed);
                tracing::info!(job_id = job.job_id, kind = job.kind, duration_ms, "job done");
                self.talk.say(&format!("{what}: {said} ({duration_ms} ms)"));
                Ok(())
            }
            Err(error) => {
                self.failed.fetch_add(1, Ordering::Relaxed);
                let again = again(&job, &error);
                let reason = error.with_reasons();
                tracing::warn!(
                    job_id = job.job_id,
                    kind = job.kind,
                    attempt = job.attempt,
                    duration_ms,
                    error = reason,
                    "job failed"
                );
                let next = match again {
                    Again::Never => format!("`shelfops job run {}` tries again", job.job_id),
                    Again::After(_) => format!("attempt {} follows", job.attempt + 1),
                };
                self.talk.say(&format!("{what} failed: {reason}; {next}"));
                Err(JobFailure { reason, again })
            }
        }
    }
}

impl Runner for Crew {
    fn run(&self, job: TakenJob) -> BoxFuture<'_, Result<(), JobFailure>> {
        self.do_job(job).boxed()
    }

    fn scheduled(&self, due: &DueSchedule) -> Option<NewJob> {
        scheduled(due)
    }

    fn interrupted(&self, error: &DbError) {
        tracing::warn!(%error, "the shift ended early");
        self.talk.say(&format!("{error}; trying again"));
    }
}

/// How often a vendor is believed that refuses or answers what cannot be read: one odd answer would else cost
/// what is read daily a day.
const ODD_ANSWERS: i16 = 3;

/// Says whether trying again can help, and when: asked otherwise, for something that is not there, or for what
/// only the tenant can grant, it cannot, nor of a vendor that refuses or cannot be read time after time; and
/// who asked to be left alone is.
fn again(job: &TakenJob, error: &OpError) -> Again {
    match error.kind() {
        kind if job.is_last || is_hopeless(kind, job.attempt) => Again::Never,
        _ => find(job.kind).map_or(Again::Never, |work| {
            Again::After(work.delay(job.attempt).max(error.asked_pause().unwrap_or_default()))
        }),
    }
}

/// Whether an attempt that failed for such a reason ends all of them.
pub(super) const fn is_hopeless(kind: ErrorKind, attempt: i16) -> bool {
    match kind {
        ErrorKind::Usage | ErrorKind::NotFound | ErrorKind::ReconnectNeeded => true,
        ErrorKind::VendorTrouble => attempt >= ODD_ANSWERS,
        _ => false,
    }
}

/// Names a job as people would: what it did names the integration.
fn describe(job: &TakenJob) -> String {
    let told = told(&job.payload);
    let facts = told.as_object().into_iter().flatten();
    let words: String = facts
        .filter(|(name, _)| *name != "integration_id")
        .map(|(_, fact)| {
            format!(" {}", fact.as_str().map_or_else(|| fact.to_string(), str::to_owned))
        })
        .collect();
    format!("job {}, {}{words}", job.job_id, job.kind)
}

impl WorkerTalk {
    /// Talks through a terminal.
    pub(crate) fn new(terminal: Arc<dyn Talk>) -> Self {
        Self { terminal, shift: Mutex::default() }
    }

    /// Heeds the shift of the job that begins. Jobs of one shift share a flag, and no shift begins before
    /// the jobs of the one before have ended.
    fn follow(&self, flag: Arc<AtomicBool>) {
        *self.shift.lock().unwrap_or_else(PoisonError::into_inner) = flag;
    }
}

impl Talk for WorkerTalk {
    fn say(&self, line: &str) {
        self.terminal.say(line);
    }

    fn progress(&self, _progress: &TaskProgress) {}

    fn done(&self) {}

    fn should_stop(&self) -> bool {
        let shift = self.shift.lock().unwrap_or_else(PoisonError::into_inner);
        shift.load(Ordering::SeqCst) || self.terminal.should_stop()
    }
}
