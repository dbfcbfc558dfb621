//! Vendors' notifications: verified, kept with those that come together, acknowledged.
//!
//! A transaction for each would be a commit for each, hundreds a second in front of a vendor who waits.
//! So whoever comes while an account's notifications are being written waits for the next writing, and
//! is written with all that waited: the busier it is, the more of them share a commit.
//!
//! The job that looks at them is put after the vendor was answered. Should we die in between, the next
//! notification puts it, or the next scheduled reading of the integration.

use std::collections::HashMap;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use futures::future::ready;
use futures::stream;
use http::HeaderMap;
use shelfops_db::models::{Arrival, ConnectedAccount, NewWebhookEvent};
use shelfops_integrations::connector::{Connector, Delivery, WebhookError, WebhookEvent};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::{Semaphore, oneshot};
use tokio_util::task::TaskTracker;

use crate::jobs::notification_job;
use crate::ops::error::ErrorKind;
use crate::ops::{Context, OpError};

/// How many accounts are written for at once. Each takes a connection; the others stay for requests.
const WRITERS: usize = 8;

/// How many notifications are written together.
const TOGETHER: usize = 256;

/// How many jobs are put at once.
const PUTTING: usize = 2;

/// How many jobs may be due to be put before those who keep notifications wait.
const UNPUT: usize = 256;

/// How long the jobs of what comes together are gathered: who looks once more finds all of it.
const GATHER: Duration = Duration::from_millis(20);

/// How long putting a job may take.
const LONGEST_PUT: Duration = Duration::from_secs(10);

/// How long to wait before a job that could not be put is put again.
const PUT_AGAIN: Duration = Duration::from_secs(1);

/// For how long it is believed whose an account is, while nobody is connected or leaves by this process,
/// which is seen at once. Whoever was connected by another one misses the notifications of this time, which
/// its first reading makes up for; who left by another one gets those of this time, and their job finds the
/// connection gone.
const BELIEVED: Duration = Duration::from_secs(1);

/// An account at a vendor: the connector, and what the vendor calls the account.
type Account = (&'static str, String);

/// Where notifications come in.
pub(crate) struct Intake(Arc<Desk>);

struct Desk {
    context: Arc<Context>,
    /// Those that wait, for each account that somebody writes for.
    waiting: Mutex<HashMap<Account, Vec<Waiting>>>,
    owners: Mutex<HashMap<Account, Owners>>,
    writers: Semaphore,
    /// Whose notifications were kept, for those who put jobs.
    kept: Sender<ConnectedAccount>,
}

/// Whose an account is.
#[derive(Clone)]
struct Owners {
    /// When that was looked up.
    since: Instant,
    /// How often somebody had been connected or had left before that.
    changes: u64,
    all: Arc<[ConnectedAccount]>,
}

/// A notification of which the vendor waits to hear.
struct Waiting {
    event: WebhookEvent,
    kept: oneshot::Sender<()>,
}

impl Intake {
    /// Begins to take notifications. Who stops waits for `tasks`: jobs may still have to be put then.
    pub(crate) fn new(context: Arc<Context>, tasks: &TaskTracker) -> Self {
        let (kept, owners) = channel(UNPUT);
        tasks.spawn(put_jobs(context.clone(), owners));
        Self(Arc::new(Desk {
            kept,
            context,
            waiting: Mutex::default(),
            owners: Mutex::default(),
            writers: Semaphore::new(WRITERS),
        }))
    }

    /// Verifies a notification, and returns when it is durable.
    ///
    /// # Errors
    /// Refuses what the vendor did not sign and what cannot be read; fails when the database does, so
    /// that the vendor sends it again.
    pub(crate) async fn take(
        &self,
        connector: &'static dyn Connector,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<(), NotificationError> {
        let reader = connector.webhooks().ok_or(NotificationError::Forged)?;
        let applications = &self.0.context.config().applications;
        let url = applications.webhook_url(connector.name());
        let delivery = Delivery { url: &url, headers, body };
        reader.verify(&delivery, &applications.webhook_keys(connector.name()))?;
        let event = reader.parse(&delivery)?;
        let account = (connector.name(), event.granted_by.clone());
        let (kept, answer) = oneshot::channel();
        if self.0.wait(&account, Waiting { event, kept }) {
            // A task of its own: who hangs up must not take along those that wait with him.
            tokio::spawn(write(self.0.clone(), account));
        }
        answer.await.map_err(|_| NotificationError::NotKept)
    }
}

impl Desk {
    /// Lets a notification wait; answers whether nobody writes for its account yet.
    fn wait(&self, account: &Account, one: Waiting) -> bool {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(others) = waiting.get_mut(account) {
            others.push(one);
            return false;
        }
        waiting.insert(account.clone(), vec![one]);
        true
    }

    /// Takes those that wait; with none, nobody writes for the account any more.
    fn next(&self, account: &Account) -> Option<Vec<Waiting>> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let others = waiting.get_mut(account)?;
        if others.is_empty() {
            waiting.remove(account);
            return None;
        }
        let later = others.split_off(others.len().min(TOGETHER));
        Some(mem::replace(others, later))
    }

    /// Returns whose an account is.
    async fn owners(&self, account: &Account) -> Result<Arc<[ConnectedAccount]>, OpError> {
        // Before they are looked up: who comes meanwhile has them looked up again.
        let changes = self.context.connections().changes();
        let known = {
            let owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
            owners.get(account).filter(|known| known.is_believed(changes)).cloned()
        };
        if let Some(known) = known {
            return Ok(known.all);
        }
        let operator = self.context.database().await?.operator().await?;
        let all: Arc<[_]> = operator.connected_accounts(account.0, &account.1).await?.into();
        operator.commit().await?;
        // An account that is nobody's may be somebody's the next moment.
        if !all.is_empty() {
            let found = Owners { since: Instant::now(), changes, all: all.clone() };
            let mut owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
            owners.retain(|_, known| known.is_believed(changes));
            owners.insert(account.clone(), found);
        }
        Ok(all)
    }

    async fn keep(&self, account: &Account, together: &[&Waiting]) -> Result<(), OpError> {
        let database = self.context.database().await?;
        let mut failed = None;
        for owner in self.owners(account).await?.iter() {
            let events: Vec<_> = together.iter().map(|one| one.as_new()).collect();
            let kept = database
                .keep_webhook_events(owner.customer_id, owner.integration_id, &events)
                .await;
            match kept {
                Ok(arrivals) if arrivals.iter().all(|arrival| *arrival == Arrival::Settled) => {}
                // Nobody takes them only when we end.
                Ok(_) => drop(self.kept.send(*owner).await),
                // The others' are kept all the same; when it is sent again, theirs is known.
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        let Some(error) = failed else { return Ok(()) };
        // It may be that one of them is an owner no longer.
        self.owners.lock().unwrap_or_else(PoisonError::into_inner).remove(account);
        Err(error.into())
    }
}

impl Owners {
    /// Whether it may still be so.
    fn is_believed(&self, changes: u64) -> bool {
        self.changes == changes && self.since.elapsed() < BELIEVED
    }
}

/// Puts the jobs that look at what was kept: one for all that an integration was told meanwhile.
async fn put_jobs(context: Arc<Context>, mut kept: Receiver<ConnectedAccount>) {
    let mut owners = HashMap::new();
    loop {
        if owners.is_empty() {
            let Some(owner) = kept.recv().await else { return };
            owners.insert(owner.integration_id, owner);
            tokio::time::sleep(GATHER).await;
        }
        while let Ok(owner) = kept.try_recv() {
            owners.insert(owner.integration_id, owner);
        }
        let putting = stream::iter(owners.into_values())
            .map(|owner| put_job(&context, owner))
            .buffer_unordered(PUTTING);
        let failed: Vec<ConnectedAccount> = putting.filter_map(ready).collect().await;
        owners = failed.into_iter().map(|owner| (owner.integration_id, owner)).collect();
        if !owners.is_empty() {
            if kept.is_closed() {
                return;
            }
            tokio::time::sleep(PUT_AGAIN).await;
        }
    }
}

/// Puts the job of an integration; answers whose it is where that could not be done.
async fn put_job(context: &Context, owner: ConnectedAccount) -> Option<ConnectedAccount> {
    let ConnectedAccount { customer_id, integration_id } = owner;
    let put = async {
        let database = context.database().await?;
        let job = notification_job(customer_id, integration_id);
        database.enqueue_unless_waiting(customer_id, &job).await?;
        Ok::<_, OpError>(())
    };
    // One that hangs must not keep others from being put.
    let error = match tokio::time::timeout(LONGEST_PUT, put).await {
        Ok(Ok(())) => return None,
        Ok(Err(error)) => error.with_reasons(),
        Err(elapsed) => elapsed.to_string(),
    };
    tracing::error!(%customer_id, %integration_id, error, "a job for notifications was not put yet");
    Some(owner)
}

impl Waiting {
    fn as_new(&self) -> NewWebhookEvent<'_> {
        NewWebhookEvent {
            external_event_id: &self.event.event_id,
            event_type: &self.event.kind,
            payload: &self.event.excerpt,
        }
    }
}

/// Whoever waits is told, however the writing ends: dropping what waits answers it with a failure.
struct Writer {
    desk: Arc<Desk>,
    account: Account,
    is_done: bool,
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Done, another may write for the account already: whoever waits is his.
        if self.is_done {
            return;
        }
        let mut waiting = self.desk.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.remove(&self.account);
    }
}

/// Writes for an account until nobody waits.
async fn write(desk: Arc<Desk>, account: Account) {
    let mut writer = Writer { desk, account, is_done: false };
    while let Ok(_place) = writer.desk.writers.acquire().await
        && let Some(together) = writer.desk.next(&writer.account)
    {
        writer.keep(together).await;
    }
    writer.is_done = true;
}

impl Writer {
    async fn keep(&self, together: Vec<Waiting>) {
        let all: Vec<&Waiting> = together.iter().collect();
        let Err(error) = self.desk.keep(&self.account, &all).await else {
            for one in together {
                // Who has hung up hears it when it is sent again.
                let _ = one.kept.send(());
            }
            return;
        };
        // Where the server is away, it is for all of them: each is sent again.
        if together.len() == 1 || error.kind() == ErrorKind::DependencyDown {
            let ((connector, account), error) = (&self.account, error.with_reasons());
            tracing::error!(connector, account, error, "a notification was not kept");
            return;
        }
        // One that cannot be kept must not have the others sent again.
        for one in together {
            Box::pin(self.keep(vec![one])).await;
        }
    }
}

/// Why a notification was not kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotificationError {
    /// Not from the vendor, or changed on the way.
    #[error("the signature is missing or wrong")]
    Forged,
    /// From the vendor, and not what is documented.
    #[error("the notification cannot be read: {0}")]
    Unreadable(String),
    /// Something of ours failed; the log says what.
    #[error("the notification could not be kept")]
    NotKept,
}

impl From<WebhookError> for NotificationError {
    fn from(error: WebhookError) -> Self {
        match error {
            WebhookError::Forged => Self::Forged,
            WebhookError::Unreadable { reason } => Self::Unreadable(reason),
        }
    }
}
