//! What every request shares.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use shelfops_db::Database;
use tokio_util::task::TaskTracker;

use super::auth::OperatorKey;
use super::metrics::Metrics;
use super::rate_limit::RateLimit;
use crate::config::Config;
use crate::ops::context::{Talk, TaskProgress};
use crate::ops::{Context, OpError, Principal};

/// What every request shares.
pub(super) struct App {
    /// Never lent: it acts as whoever started the server. Requests get one that acts as their key.
    context: Context,
    /// The key that may do everything, if there is one.
    pub(super) operator_key: Option<OperatorKey>,
    /// How often a key may ask.
    pub(super) rate_limit: RateLimit,
    /// What is counted.
    pub(super) metrics: Metrics,
    /// After how long a request is given up.
    pub(super) request_timeout: Duration,
    /// Operations that change something: they go on when their client has gone.
    changes: TaskTracker,
    is_stopping: AtomicBool,
    stop_now: Arc<AtomicBool>,
}

impl App {
    /// Makes what is shared.
    pub(super) fn new(
        context: &Context,
        operator_key: Option<OperatorKey>,
        requests_per_minute: NonZeroU32,
        request_timeout: Duration,
    ) -> Self {
        Self {
            context: context.for_principal(context.principal().clone(), context.talk()),
            operator_key,
            rate_limit: RateLimit::per_minute(requests_per_minute),
            metrics: Metrics::new(),
            request_timeout,
            changes: TaskTracker::new(),
            is_stopping: AtomicBool::new(false),
            stop_now: Arc::default(),
        }
    }

    /// Returns the database.
    pub(super) async fn database(&self) -> Result<&Database, OpError> {
        self.context.database().await
    }

    /// Returns the settings.
    pub(super) const fn config(&self) -> &Config {
        self.context.config()
    }

    /// Returns a context that may what its principal may, and how its operation is told to stop.
    pub(super) fn context_for(&self, principal: Principal) -> (Context, Arc<RequestTalk>) {
        let talk = Arc::new(RequestTalk {
            is_given_up: AtomicBool::new(false),
            stop_now: self.stop_now.clone(),
        });
        (self.context.for_principal(principal, talk.clone()), talk)
    }

    /// Returns who keeps count of the operations that change something.
    pub(super) const fn changes(&self) -> &TaskTracker {
        &self.changes
    }

    /// Whether the server is on its way out.
    pub(super) fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::Relaxed)
    }

    /// Says that the server is on its way out.
    pub(super) fn begin_stop(&self) {
        self.is_stopping.store(true, Ordering::Relaxed);
    }

    /// Asks running operations to stop behind the batch at hand.
    pub(super) fn ask_to_stop(&self) {
        self.stop_now.store(true, Ordering::Relaxed);
    }

    /// Waits until every operation that changes something has ended.
    pub(super) async fn finish_changes(&self) {
        self.changes.close();
        self.changes.wait().await;
    }
}

/// What an operation says while it serves a request goes to the log.
pub(super) struct RequestTalk {
    is_given_up: AtomicBool,
    stop_now: Arc<AtomicBool>,
}

impl RequestTalk {
    /// Says that nobody waits for the answer any more.
    pub(super) fn give_up(&self) {
        self.is_given_up.store(true, Ordering::Relaxed);
    }
}

impl Talk for RequestTalk {
    fn say(&self, line: &str) {
        tracing::debug!("{line}");
    }

    fn progress(&self, _progress: &TaskProgress) {}

    fn done(&self) {}

    fn should_stop(&self) -> bool {
        self.is_given_up.load(Ordering::Relaxed) || self.stop_now.load(Ordering::Relaxed)
    }
}
