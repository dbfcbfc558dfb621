//! Watches a migrating session from beside: its locks, and who waits for it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_postgres::{Client, Error};

use super::locks::LockMode;
use super::observe::{Locks, locks};
use super::report::Blocked;

/// How often it looks. A lock that is held for less may not be seen from outside; statements in a
/// transaction are asked from inside before it ends.
const AGAIN: Duration = Duration::from_millis(3);

/// A watcher at work.
pub(super) struct Watcher {
    place: Arc<AtomicUsize>,
    is_over: Arc<AtomicBool>,
    task: JoinHandle<Result<Seen, Error>>,
}

/// What was seen, by the place of the statement that ran.
#[derive(Debug, Default)]
pub(super) struct Seen {
    locks: BTreeMap<usize, Locks>,
    /// By session and the moment its wait began: whose wait, the first statement, how long, for what.
    waits: BTreeMap<(i32, String), (usize, f64, String)>,
}

impl Watcher {
    /// Begins to watch a session.
    pub(super) fn start(client: Client, session: i32) -> Self {
        let (place, is_over) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let task = tokio::spawn(watch(client, session, place.clone(), is_over.clone()));
        Self { place, is_over, task }
    }

    /// Says which statement comes now.
    pub(super) fn at(&self, place: usize) {
        self.place.store(place, Ordering::Release);
    }

    /// Looks a last time and returns what was seen.
    pub(super) async fn finish(self) -> Result<Seen, Error> {
        self.is_over.store(true, Ordering::Release);
        match self.task.await {
            Ok(seen) => seen,
            Err(_) => Ok(Seen::default()),
        }
    }
}

async fn watch(
    client: Client,
    session: i32,
    place: Arc<AtomicUsize>,
    is_over: Arc<AtomicBool>,
) -> Result<Seen, Error> {
    // Whoever waits in the queue behind it waits for it too.
    let waiting = client
        .prepare(
            "select w.pid, w.waitstart::text,
                extract(epoch from clock_timestamp() - w.waitstart)::float8 * 1000,
                left(coalesce(a.query, ''), 120)
            from pg_locks as w
            left join pg_stat_activity as a on a.pid = w.pid
            where not w.granted and w.waitstart is not null and w.pid <> $1
                and $1 = any (pg_blocking_pids(w.pid))",
        )
        .await?;
    let mut seen = Seen::default();
    loop {
        let is_last = is_over.load(Ordering::Acquire);
        let now = place.load(Ordering::Acquire);
        let held = locks(&client, session).await?;
        let known = seen.locks.entry(now).or_default();
        for one in held {
            if !known.contains(&one) {
                known.push(one);
            }
        }
        for row in client.query(&waiting, &[&session]).await? {
            let key = (row.get(0), row.get::<_, String>(1));
            let ms: f64 = row.get(2);
            let wait = seen.waits.entry(key).or_insert_with(|| (now, 0.0, row.get(3)));
            wait.1 = wait.1.max(ms);
        }
        if is_last {
            return Ok(seen);
        }
        tokio::time::sleep(AGAIN).await;
    }
}

impl Seen {
    /// Returns the locks that were held while a statement ran.
    pub(super) fn locks(&self, place: usize) -> &[(u32, LockMode)] {
        self.locks.get(&place).map_or(&[], Vec::as_slice)
    }

    /// Returns who waited for a statement, and for those before it in its transaction.
    pub(super) fn blocked(&self, place: usize) -> Blocked {
        let mut blocked = Blocked::default();
        for (_, ms, query) in self.waits.values().filter(|(first, ..)| *first == place) {
            blocked.waits += 1;
            blocked.total_ms += ms;
            if *ms > blocked.longest_ms {
                blocked.longest_ms = *ms;
                blocked.waiting = Some(query.clone());
            }
        }
        blocked
    }
}
