//! What has just happened is read before what happened long ago.
//!
//! A history of months takes every core that it is given, and a sale that a vendor has just told of would
//! wait for its turn. So a long reading lets live work go first, for as long as it worked itself and some
//! more; then it goes on, whatever there is: it never stands still.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use shelfops_ingest::Stream;
use shelfops_ingest::source::{Source, SourceBlock, SourceError};
use tokio::sync::watch;
use uuid::Uuid;

/// How many pages are read before a reading is a long one.
const FEW_PAGES: u32 = 4;

/// How much longer than it worked a long reading waits for live work at most: a fifth of the time is its.
const SHARE: u32 = 4;

/// How long it waits at most at once: it must hear soon that it is to stop.
const LONGEST: Duration = Duration::from_secs(1);

/// The least time between two looks at one integration's notifications. Each look reads the last seconds
/// anew, so of a vendor who tells something all the time, what came within this is read at once.
const PACE: Duration = Duration::from_millis(500);

/// For how long live work goes first. What takes longer waits itself, as for a vendor who asks for patience,
/// or reads a history because there is none yet.
const LIVE_FOR: Duration = Duration::from_secs(3);

/// Who goes first in this process.
#[derive(Debug, Default)]
pub(crate) struct Precedence {
    /// The live work that is under way: each by its number, and since when.
    live: watch::Sender<BTreeMap<u64, Instant>>,
    /// When live work of an integration began last.
    begun: Mutex<HashMap<Uuid, Instant>>,
}

/// Live work that is under way, until dropped.
pub(crate) struct Live<'a> {
    precedence: &'a Precedence,
    number: u64,
}

impl Precedence {
    /// Begins live work of an integration, in its pace.
    pub(crate) async fn begin_live(&self, integration_id: Uuid) -> Live<'_> {
        let pause = {
            let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
            begun.retain(|_, at| at.elapsed() < PACE);
            let pause = begun.get(&integration_id).map(|at| PACE.saturating_sub(at.elapsed()));
            let pause = pause.unwrap_or_default();
            begun.insert(integration_id, Instant::now() + pause);
            pause
        };
        tokio::time::sleep(pause).await;
        let mut number = 0;
        self.live.send_modify(|live| {
            number = live.last_key_value().map_or(0, |(last, _)| last + 1);
            live.insert(number, Instant::now());
        });
        Live { precedence: self, number }
    }

    /// Waits until no live work is under way, or until it has waited that long.
    async fn let_live_go(&self, at_most: Duration) {
        let mut live = self.live.subscribe();
        let nobody = live.wait_for(|live| live.values().all(|since| since.elapsed() >= LIVE_FOR));
        // The sender is ours: it does not go away.
        let _ = tokio::time::timeout(at_most, nobody).await;
    }

    /// Lets a reading give way once it has turned out to be a long one.
    pub(crate) fn behind_live(self: &Arc<Self>, source: Box<dyn Source>) -> Box<dyn Source> {
        let precedence = self.clone();
        Box::new(Yielding { source, precedence, pages: 0, since: Instant::now() })
    }
}

impl Drop for Live<'_> {
    fn drop(&mut self) {
        self.precedence.live.send_modify(|live| {
            live.remove(&self.number);
        });
    }
}

/// A source that gives way.
struct Yielding {
    source: Box<dyn Source>,
    precedence: Arc<Precedence>,
    pages: u32,
    since: Instant,
}

impl Source for Yielding {
    fn stream(&self) -> Stream {
        self.source.stream()
    }

    fn total_bytes(&self) -> Option<u64> {
        self.source.total_bytes()
    }

    fn next_block(&mut self) -> BoxFuture<'_, Result<Option<SourceBlock>, SourceError>> {
        async {
            self.pages = self.pages.saturating_add(1);
            if self.pages > FEW_PAGES {
                let worked = self.since.elapsed();
                self.precedence.let_live_go((worked * SHARE).min(LONGEST)).await;
                self.since = Instant::now();
            }
            self.source.next_block().await
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_long_reading_waits_for_live_work_and_never_for_ever() {
        let precedence = Precedence::default();
        precedence.let_live_go(Duration::MAX).await;
        let live = precedence.begin_live(Uuid::nil()).await;
        precedence.let_live_go(Duration::from_millis(1)).await;
        assert_eq!(precedence.live.borrow().len(), 1, "it goes on all the same");
        let waiting = precedence.let_live_go(Duration::MAX);
        tokio::join!(waiting, async { drop(live) });
        assert!(precedence.live.borrow().is_empty());
    }

    #[tokio::test]
    async fn live_work_that_takes_long_goes_first_no_longer() {
        let precedence = Precedence::default();
        let _old = precedence.begin_live(Uuid::nil()).await;
        let long_ago = Instant::now().checked_sub(LIVE_FOR).unwrap();
        precedence.live.send_modify(|live| {
            live.insert(0, long_ago);
        });
        precedence.let_live_go(Duration::MAX).await;
        let new = precedence.begin_live(Uuid::from_u128(1)).await;
        assert_eq!(new.number, 1, "no number is anybody else's");
    }

    #[tokio::test]
    async fn one_integration_is_looked_at_in_a_pace_and_others_do_not_wait() {
        let precedence = Precedence::default();
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let started = Instant::now();
        drop(precedence.begin_live(one).await);
        drop(precedence.begin_live(other).await);
        drop(precedence.begin_live(one).await);
        assert!(started.elapsed() >= PACE, "the second look of one");
    }
}
