//! A worker: takes jobs until it is stopped, whatever happens to the server meanwhile.

use std::sync::Arc;
use std::time::Duration;

use graphile_worker::{
    JobComplete, JobCompleteContext, JobDefinition, JobFail, JobFailContext, JobPermanentlyFail,
    JobPermanentlyFailContext, TaskHandler, Worker as QueueWorker, WorkerOptions,
};
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::handler::{JobKind, Runner, Shift, Task};
use super::session::Session;
use super::{SCHEMA, connect, failed, require};
use crate::{Database, DbError};

/// How often the wish to stop is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// How long to wait before the next shift when one ended early, at first and at most.
const REST: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// How a worker works.
#[derive(Clone, Copy, Debug)]
pub struct WorkerSettings {
    /// How many jobs it does at once.
    pub concurrency: usize,
    /// How long its jobs may go on when it is to stop. After that they are given up, and given back.
    pub grace: Duration,
    /// How often it looks for jobs that nobody announced, such as those whose delay is over.
    pub poll: Duration,
    /// How often it looks for dead workers, and for schedules that are due.
    pub beat: Duration,
}

impl WorkerSettings {
    /// Returns settings for production.
    pub const fn new(concurrency: usize) -> Self {
        Self {
            concurrency,
            grace: Duration::from_secs(30),
            poll: Duration::from_secs(1),
            beat: Duration::from_secs(5),
        }
    }
}

/// A worker.
pub struct Worker {
    database: Database,
    settings: WorkerSettings,
    runner: Arc<dyn Runner>,
    kinds: Vec<JobDefinition>,
}

impl Worker {
    /// Makes a worker that knows no kinds yet.
    pub fn new(database: Database, settings: WorkerSettings, runner: Arc<dyn Runner>) -> Self {
        Self { database, settings, runner, kinds: Vec::new() }
    }

    /// Lets it take jobs of a kind.
    #[must_use]
    pub fn taking<K: JobKind>(mut self) -> Self {
        self.kinds.push(Task::<K>::definition());
        self
    }

    /// Works until `should_stop` says so. A lost connection does not end it: it begins another shift as
    /// soon as the server is back.
    ///
    /// # Errors
    /// Fails when the first shift cannot begin: the server cannot be reached or is not migrated.
    pub async fn run(
        &self,
        should_stop: impl Fn() -> bool + Clone + Send + Sync + 'static,
    ) -> Result<(), DbError> {
        let mut rest = REST.0;
        let mut shift = self.begin(should_stop.clone()).await?;
        loop {
            let error = match shift.work(&self.database, self.settings).await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            self.runner.interrupted(&error);
            loop {
                let rested = tokio::select! {
                    () = sleep(rest) => true,
                    () = until(&should_stop) => false,
                };
                if !rested {
                    return Ok(());
                }
                rest = (rest * 2).min(REST.1);
                match self.begin(should_stop.clone()).await {
                    Ok(next) => {
                        shift = next;
                        rest = REST.0;
                        break;
                    }
                    Err(error) => self.runner.interrupted(&error),
                }
            }
        }
    }

    /// Readies a shift: a worker of the library, and the session that says it is alive.
    async fn begin(
        &self,
        should_stop: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Result<Working, DbError> {
        self.database.make_room(self.settings.concurrency);
        require(&self.database).await?;
        // One connection a job that ends or begins, and two for what is done besides.
        let queue = connect(&self.database, self.settings.concurrency + 2)?;
        let shift = Shift::new(self.runner.clone());
        let failing = (self.database.clone(), shift.clone());
        let dying = failing.clone();
        let waking = self.database.clone();
        let worker = WorkerOptions::default()
            .database(queue)
            .schema(SCHEMA)
            .concurrency(self.settings.concurrency.max(1))
            .poll_interval(self.settings.poll)
            .define_jobs(self.kinds.iter().cloned())
            .add_extension(shift.clone())
            .listen_os_shutdown_signals(false)
            .shutdown_signal(async move { until(&should_stop).await })
            .shutdown_grace_period(self.settings.grace)
            .shutdown_interrupted_job_retry_delay(Duration::ZERO)
            .on(JobFail, move |context: JobFailContext| settle(failing.clone(), *context.job.id()))
            .on(JobComplete, move |_: JobCompleteContext| wake_for_more(waking.clone()))
            .on(JobPermanentlyFail, move |context: JobPermanentlyFailContext| {
                settle(dying.clone(), *context.job.id())
            })
            .init()
            .await
            .map_err(|error| failed("start the worker", &error))?;
        let session = Arc::new(Session::open(&self.database, worker.worker_id()).await?);
        shift.stand_on(&session);
        Ok(Working { worker, session, shift })
    }
}

/// A shift that has begun.
struct Working {
    worker: QueueWorker,
    session: Arc<Session>,
    shift: Shift,
}

impl Working {
    /// Works until told to stop, which is well, or until the server is lost, which is not.
    async fn work(self, database: &Database, settings: WorkerSettings) -> Result<(), DbError> {
        let running = self.worker.run();
        let upkeep = self.upkeep(database, settings.beat);
        tokio::pin!(running, upkeep);
        let lost = tokio::select! {
            ended = &mut running => {
                return ended.map_err(|error| failed("work on jobs", &error));
            }
            lost = &mut upkeep => lost,
        };
        self.shift.lose();
        self.worker.request_shutdown();
        if let Err(error) = running.await {
            tracing::warn!(%error, "the worker did not end well after its session was lost");
        }
        Err(lost)
    }

    /// Looks for dead workers and due schedules, until the session is lost.
    async fn upkeep(&self, database: &Database, beat: Duration) -> DbError {
        let mut beats = interval(beat);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            beats.tick().await;
            if let Err(error) = self.session.beat().await {
                return error;
            }
            if let Err(error) = database.enqueue_due(self.shift.runner.as_ref()).await {
                tracing::warn!(%error, "what is due could not be enqueued; it is tried again");
            }
        }
    }
}

/// Writes down why a job failed, and when it is tried again.
async fn settle((database, shift): (Database, Shift), job_id: i64) {
    let Some(failure) = shift.take_failure(job_id) else { return };
    if let Err(error) = database.settle_failed_job(job_id, &failure).await {
        // What the library wrote down stands: it is tried again after a delay of its own.
        tracing::warn!(job_id, %error, "the failure of a job could not be written down");
    }
}

/// Lets workers look again where there is more to do.
async fn wake_for_more(database: Database) {
    if let Err(error) = database.wake_workers_for_more().await {
        tracing::debug!(%error, "nobody was woken; workers look by themselves soon");
    }
}

/// Waits until somebody wants it to stop.
async fn until(should_stop: &impl Fn() -> bool) {
    while !should_stop() {
        sleep(LOOK).await;
    }
}
