//! Workers for tests: quick to look, and told what to do with a job by a closure.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::{Value, json};
use shelfops_db::jobs::{Again, JobFailure, JobKind, Runner, TakenJob, Worker, WorkerSettings};
use shelfops_db::models::{DueSchedule, Job, JobFilter, NewJob, NewTenant};
use shelfops_db::{Database, DbError};
use shelfops_ingest::CustomerId;
use shelfops_ingest::values::Currency;
use shelfops_testkit::wait_for;
use tokio::task::JoinHandle;

use crate::fixture::Fixture;

/// Far longer than anything here takes.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// The kind that tests put.
pub(crate) struct Errand;

impl JobKind for Errand {
    const NAME: &'static str = "errand";
}

/// Does what a closure says.
struct Hand<F>(F);

impl<F> Runner for Hand<F>
where
    F: Fn(TakenJob) -> BoxFuture<'static, Result<(), JobFailure>> + Send + Sync + 'static,
{
    fn run(&self, job: TakenJob) -> BoxFuture<'_, Result<(), JobFailure>> {
        (self.0)(job)
    }

    fn scheduled(&self, due: &DueSchedule) -> Option<NewJob> {
        scheduled(due)
    }

    fn interrupted(&self, error: &DbError) {
        eprintln!("a shift ended early: {error}");
    }
}

/// Puts a tenant's scheduled job as an errand. The upkeep of the whole database, which is due in every
/// new one, is nobody's.
pub(crate) fn scheduled(due: &DueSchedule) -> Option<NewJob> {
    let stream = due.stream.clone()?;
    Some(NewJob { key: Some(stream.clone()), ..errand(&json!({ "stream": stream })) })
}

/// A runner that only knows schedules.
pub(crate) fn clerk() -> Arc<dyn Runner> {
    Arc::new(Hand(|_| async { Ok(()) }.boxed()))
}

/// A worker at work.
pub(crate) struct AtWork {
    stop: Arc<AtomicBool>,
    has_heard: Arc<AtomicBool>,
    task: JoinHandle<Result<(), DbError>>,
}

impl AtWork {
    /// Starts a worker on a database.
    pub(crate) fn start<W, E>(database: &Database, concurrency: usize, work: W) -> Self
    where
        W: Fn(TakenJob) -> E + Send + Sync + 'static,
        E: Future<Output = Result<(), JobFailure>> + Send + 'static,
    {
        let settings = WorkerSettings {
            poll: Duration::from_millis(50),
            beat: Duration::from_millis(50),
            ..WorkerSettings::new(concurrency)
        };
        let runner = Arc::new(Hand(move |job| work(job).boxed()));
        let worker = Worker::new(database.clone(), settings, runner).taking::<Errand>();
        let (stop, has_heard): (Arc<AtomicBool>, Arc<AtomicBool>) = Default::default();
        let (asked, heard) = (stop.clone(), has_heard.clone());
        let should_stop = move || {
            let is_asked = asked.load(Ordering::SeqCst);
            heard.fetch_or(is_asked, Ordering::SeqCst);
            is_asked
        };
        let task = tokio::spawn(async move { worker.run(should_stop).await });
        Self { stop, has_heard, task }
    }

    /// Asks it to stop, and waits until it knows.
    pub(crate) async fn ask_to_stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
        wait_for("the worker to hear", DEADLINE, async || {
            self.has_heard.load(Ordering::SeqCst) || !self.is_at_work()
        })
        .await
        .unwrap();
    }

    /// Asks it to stop, and waits until it has.
    pub(crate) async fn stop(self) {
        self.ask_to_stop().await;
        self.task.await.unwrap().unwrap();
    }

    /// Whether it still works.
    pub(crate) fn is_at_work(&self) -> bool {
        !self.task.is_finished()
    }
}

/// A job that may run whenever there is room.
pub(crate) fn errand(payload: &Value) -> NewJob {
    NewJob { kind: Errand::NAME, payload: payload.clone(), queue: None, key: None, max_attempts: 3 }
}

/// A failure after which a job is tried again at once.
pub(crate) fn stumble(reason: &str) -> JobFailure {
    JobFailure { reason: reason.to_owned(), again: Again::After(Duration::ZERO) }
}

/// Adds a tenant.
pub(crate) async fn tenant(fixture: &Fixture, slug: &str) -> CustomerId {
    let new = NewTenant {
        slug: slug.to_owned(),
        name: slug.to_owned(),
        currency: Currency::parse("EUR").unwrap(),
        time_zone: jiff::tz::TimeZone::get("Europe/Berlin").unwrap(),
    };
    fixture.database.add_tenant(&new).await.unwrap().customer_id
}

/// Puts a job in a transaction of its own.
pub(crate) async fn put(fixture: &Fixture, customer_id: CustomerId, job: &NewJob) -> i64 {
    let tx = fixture.database.tenant(customer_id).await.unwrap();
    let job_id = tx.enqueue(job).await.unwrap();
    tx.commit().await.unwrap();
    job_id
}

/// Lists every job, newest first.
pub(crate) async fn jobs(fixture: &Fixture) -> Vec<Job> {
    let filter = JobFilter { limit: 1_000, ..JobFilter::default() };
    fixture.database.operator().await.unwrap().jobs(&filter).await.unwrap()
}

/// Waits until a job is in a state, and returns it.
pub(crate) async fn in_state(fixture: &Fixture, job_id: i64, state: &str) -> Job {
    let find = async || jobs(fixture).await.into_iter().find(|job| job.job_id == job_id);
    let wanted = format!("job {job_id} to be {state}");
    let waited =
        wait_for(&wanted, DEADLINE, async || find().await.is_some_and(|job| job.state == state));
    if let Err(error) = waited.await {
        panic!("{error}: {:#?}", jobs(fixture).await);
    }
    find().await.unwrap()
}

/// Waits until the queue is empty.
pub(crate) async fn until_empty(fixture: &Fixture) {
    wait_for("the queue to be empty", DEADLINE, async || jobs(fixture).await.is_empty())
        .await
        .unwrap();
}
