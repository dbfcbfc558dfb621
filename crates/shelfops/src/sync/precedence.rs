//! What has just happened is read before what happened long ago.
//!
//! A history of months takes every core that it is given, and a sale that a vendor has just told of would
//! wait for its turn. So a long reading lets live work go first, for as long as it worked itself and some
//! more; then it goes on, whatever there is: it never stands still.

use std::collections::HashMap;
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

/// Who goes first in this process.
#[derive(Debug, Default)]
pub(crate) struct Precedence {
    /// How much live work is under way.
    live: watch::Sender<usize>,
    /// When live work of an integration began last.
    begun: Mutex<HashMap<Uuid, Instant>>,
}

/// Live work that is under way, until dropped.
pub(crate) struct Live<'a>(&'a Precedence);

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
        self.live.send_modify(|live| *live += 1);
        Live(self)
    }

    /// Waits until no live work is under way, or until it has waited that long.
    async fn let_live_go(&self, at_most: Duration) {
        let mut live = self.live.subscribe();
        let nobody = live.wait_for(|live| *live == 0);
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
        self.0.live.send_modify(|live| *live = live.saturating_sub(1));
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
        assert_eq!(*precedence.live.borrow(), 1, "it goes on all the same");
        let waiting = precedence.let_live_go(Duration::MAX);
        tokio::join!(waiting, async { drop(live) });
        assert_eq!(*precedence.live.borrow(), 0);
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
