//! What a kind of job is, typed for who writes it and erased for who lists it.

use std::future::Future;
use std::marker::PhantomData;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use shelfops_db::jobs::{JobKind, Worker};
use shelfops_db::models::{DueSchedule, NewJob, NewSchedule};
use shelfops_ingest::CustomerId;

use crate::ops::{Context, OpError};

/// How long a job that failed waits: longer each time. The queue draws the delay between half of this
/// and all of it, so that what failed together is not tried together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    /// After the first attempt.
    pub(crate) first: Duration,
    /// At most.
    pub(crate) longest: Duration,
}

impl Backoff {
    /// Returns the delay after an attempt, which are counted from one.
    pub(crate) fn after(self, attempt: i16) -> Duration {
        let doublings = u32::from(attempt.clamp(1, 20).unsigned_abs()) - 1;
        self.first.saturating_mul(1 << doublings).min(self.longest)
    }
}

/// What came of a job that did not fail, in a few words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Done {
    /// All of it is done.
    All(String),
    /// It was asked to stop in the middle: the rest is put as a job of its own.
    Part(String),
}

/// A kind of job.
pub(crate) trait Work: Send + Sync + 'static {
    /// Its name in the queue.
    const NAME: &'static str;
    /// What it does, in one line.
    const SUMMARY: &'static str;
    /// How often it is tried before it is a dead letter.
    const MAX_ATTEMPTS: i32 = 8;
    /// How long it waits in between.
    const BACKOFF: Backoff =
        Backoff { first: Duration::from_secs(10), longest: Duration::from_secs(3_600) };

    /// What it is told. Of a tenant's job the tenant is part of it, as `customer_id`.
    type Payload: Serialize + DeserializeOwned + Send + 'static;

    /// Which queue it stands in: jobs of one queue are done one after the other. Without one, it is
    /// done whenever there is room. Queues are the tenant's own.
    fn queue(_payload: &Self::Payload) -> Option<String> {
        None
    }

    /// What makes two jobs the same: a second one is not put while the first waits. Keys are the
    /// tenant's own.
    fn key(payload: &Self::Payload) -> Option<String>;

    /// Returns what a schedule tells it; `None` for one that tells too little.
    fn scheduled(due: &DueSchedule) -> Option<Self::Payload>;

    /// Does it, and says in a few words what came of it. It may have been begun before, by a worker that
    /// died: what was committed then must not be done twice.
    fn run(
        context: &Context,
        payload: Self::Payload,
    ) -> impl Future<Output = Result<Done, OpError>> + Send;

    /// Returns the job that does it.
    fn job(payload: &Self::Payload) -> NewJob {
        NewJob {
            kind: Self::NAME,
            payload: json!(payload),
            queue: Self::queue(payload),
            key: Self::key(payload).map(|key| format!("{}/{key}", Self::NAME)),
            max_attempts: Self::MAX_ATTEMPTS,
        }
    }
}

/// A kind of job whose types are erased.
pub(crate) trait AnyWork: Sync {
    /// Its name in the queue.
    fn name(&self) -> &'static str;
    /// What it does, in one line.
    fn summary(&self) -> &'static str;
    /// How long it waits after an attempt that failed.
    fn delay(&self, attempt: i16) -> Duration;
    /// Lets a worker take such jobs.
    fn register(&self, worker: Worker) -> Worker;
    /// Returns the job that a schedule stands for.
    fn scheduled(&self, due: &DueSchedule) -> Option<NewJob>;
    /// Returns the job that goes on with what one of that payload left.
    fn rest(&self, payload: Value) -> Option<NewJob>;
    /// Refuses a schedule that tells it too little, or what is not meant for it.
    fn check_schedule(&self, new: &NewSchedule, customer_id: CustomerId) -> Result<(), OpError> {
        let due = DueSchedule {
            customer_id: Some(customer_id),
            kind: new.kind.to_owned(),
            integration_id: new.integration_id,
            stream: new.stream.clone(),
            due_at: None,
        };
        match self.scheduled(&due) {
            Some(_) => Ok(()),
            None => Err(OpError::usage(format!(
                "{} cannot be scheduled like that: see whether it wants an integration or a stream, \
                 or is for the whole database",
                self.name()
            ))),
        }
    }

    /// Does it.
    fn run<'a>(
        &'a self,
        context: &'a Context,
        payload: Value,
    ) -> BoxFuture<'a, Result<Done, OpError>>;
}

/// A kind as the queue knows it.
struct Named<W>(PhantomData<fn() -> W>);

impl<W: Work> JobKind for Named<W> {
    const NAME: &'static str = W::NAME;
}

impl<W: Work> AnyWork for W {
    fn name(&self) -> &'static str {
        W::NAME
    }

    fn summary(&self) -> &'static str {
        W::SUMMARY
    }

    fn delay(&self, attempt: i16) -> Duration {
        W::BACKOFF.after(attempt)
    }

    fn register(&self, worker: Worker) -> Worker {
        worker.taking::<Named<W>>()
    }

    fn scheduled(&self, due: &DueSchedule) -> Option<NewJob> {
        W::scheduled(due).map(|payload| W::job(&payload))
    }

    fn rest(&self, payload: Value) -> Option<NewJob> {
        serde_json::from_value(payload).ok().map(|payload| W::job(&payload))
    }

    fn run<'a>(
        &'a self,
        context: &'a Context,
        payload: Value,
    ) -> BoxFuture<'a, Result<Done, OpError>> {
        async move {
            let payload = serde_json::from_value(payload).map_err(|error| {
                OpError::usage(format!("what {} was told is not right: {error}", W::NAME))
            })?;
            W::run(context, payload).await
        }
        .boxed()
    }
}
