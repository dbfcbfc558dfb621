//! What a worker hands over when it has taken a job, and what it hears of its end.

use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::Duration;

use futures::future::BoxFuture;
use graphile_worker::{IntoTaskHandlerResult, TaskHandler, WorkerContext};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::session::Session;
use crate::models::{DueSchedule, NewJob};

/// A kind of job by its name: a type, because the library tells kinds apart by types.
pub trait JobKind: Send + Sync + 'static {
    /// The name, as it stands in the queue.
    const NAME: &'static str;
}

/// A job that this worker has taken.
#[derive(Clone, Debug)]
pub struct TakenJob {
    /// Its number.
    pub job_id: i64,
    /// What is to be done.
    pub kind: &'static str,
    /// With what.
    pub payload: Value,
    /// Which attempt this is, from one.
    pub attempt: i16,
    /// Whether no other follows when this one fails.
    pub is_last: bool,
    is_lost: Arc<AtomicBool>,
}

impl TakenJob {
    /// Returns the flag that is raised when this worker should leave its jobs behind the batch at hand,
    /// because others may have taken them. All jobs of a shift share it.
    pub fn stop_flag(&self) -> Arc<AtomicBool> {
        self.is_lost.clone()
    }
}

/// Why a job was not done, and whether it is tried again.
#[derive(Debug)]
pub struct JobFailure {
    /// Why, with its reasons; never a secret.
    pub reason: String,
    /// Whether it is tried again.
    pub again: Again,
}

/// Whether a job that failed is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// After about that long: between half of it and all.
    After(Duration),
    /// Never: trying again would not help. It is a dead letter.
    Never,
}

/// Who does the jobs that a worker takes.
pub trait Runner: Send + Sync + 'static {
    /// Does a job. It may be called for a job that was begun before, by a worker that died: what was
    /// committed then must not be done twice.
    fn run(&self, job: TakenJob) -> BoxFuture<'_, Result<(), JobFailure>>;

    /// Returns the job that a schedule stands for; `None` where the program no longer knows it.
    fn scheduled(&self, due: &DueSchedule) -> Option<NewJob>;

    /// Hears that a shift ended early, and that another will be tried.
    fn interrupted(&self, error: &crate::DbError);
}

/// What all jobs of a worker share.
#[derive(Clone)]
pub(super) struct Shift {
    pub(super) runner: Arc<dyn Runner>,
    failures: Arc<Mutex<HashMap<i64, JobFailure>>>,
    is_lost: Arc<AtomicBool>,
    session: Arc<OnceLock<Weak<Session>>>,
}

impl Shift {
    pub(super) fn new(runner: Arc<dyn Runner>) -> Self {
        let (failures, is_lost, session) = Default::default();
        Self { runner, failures, is_lost, session }
    }

    /// Says which session stands for the worker. It stays the caller's: dropped, it ends.
    pub(super) fn stand_on(&self, session: &Arc<Session>) {
        // A shift has one session, from its beginning.
        let _ = self.session.set(Arc::downgrade(session));
    }

    /// Takes what a failed job left to be written down.
    pub(super) fn take_failure(&self, job_id: i64) -> Option<JobFailure> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).remove(&job_id)
    }

    /// Says that the session is gone: others may have taken this worker's jobs.
    pub(super) fn lose(&self) {
        self.is_lost.store(true, Ordering::SeqCst);
    }

    async fn has_session(&self) -> bool {
        match self.session.get().and_then(Weak::upgrade) {
            Some(session) => session.is_alive().await,
            None => false,
        }
    }

    async fn run(&self, job: TakenJob) -> Result<(), Told> {
        let job_id = job.job_id;
        let outcome = self.runner.run(job).await;
        if self.is_lost.load(Ordering::SeqCst) {
            // The library removes a finished job by its number, whoever has it now. A failure it
            // writes down only where the job is still this worker's.
            return Err(Told("the worker lost its session".to_owned()));
        }
        // Asked once more, for between two beats others may have taken the job. Whether the session is
        // gone for good, the next beat says.
        if outcome.is_ok() && !self.has_session().await {
            return Err(Told("the worker could not make sure that it has its session".to_owned()));
        }
        outcome.map_err(|failure| {
            let told = Told(failure.reason.clone());
            self.failures.lock().unwrap_or_else(PoisonError::into_inner).insert(job_id, failure);
            told
        })
    }
}

impl fmt::Debug for Shift {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Shift").finish_non_exhaustive()
    }
}

/// An error as the library writes it down: by `Debug`, without quotes.
pub(super) struct Told(String);

impl fmt::Debug for Told {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A job of one kind as the library sees it: whatever its payload is.
pub(super) struct Task<K> {
    payload: Value,
    kind: PhantomData<fn() -> K>,
}

impl<K: JobKind> Serialize for Task<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.payload.serialize(serializer)
    }
}

impl<'de, K: JobKind> Deserialize<'de> for Task<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self { payload: Value::deserialize(deserializer)?, kind: PhantomData })
    }
}

impl<K: JobKind> TaskHandler for Task<K> {
    const IDENTIFIER: &'static str = K::NAME;

    async fn run(self, context: WorkerContext) -> impl IntoTaskHandlerResult {
        let Some(shift) = context.get_ext::<Shift>().cloned() else {
            return Err(Told("the worker has nobody to do its jobs".to_owned()));
        };
        let job = context.job();
        let taken = TakenJob {
            job_id: *job.id(),
            kind: K::NAME,
            payload: self.payload,
            attempt: *job.attempts(),
            is_last: job.attempts() >= job.max_attempts(),
            is_lost: shift.is_lost.clone(),
        };
        shift.run(taken).await
    }
}
