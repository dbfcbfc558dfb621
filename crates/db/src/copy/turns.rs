//! In which order the batches of a run take their turn.
//!
//! Two are merged at the same time. The later one may go ahead with what the earlier one cannot be
//! waiting for; that is known once the earlier one has all the locks that it will ever need.

use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;

/// The batches of a run, as they were begun.
#[derive(Default)]
pub(super) struct Turns {
    newest: Mutex<Option<watch::Receiver<bool>>>,
}

/// One batch's place among them; over when it is dropped.
pub(super) struct Turn {
    before: Option<watch::Receiver<bool>>,
    has_all_locks: watch::Sender<bool>,
}

/// How far the batch before has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Before {
    /// It has all its locks, and is merged or waits for its commit.
    HasAllLocks,
    /// It is committed or given up, or there is none.
    IsOver,
}

impl Turns {
    /// Gives out the next place.
    pub(super) fn next(&self) -> Turn {
        let (has_all_locks, own) = watch::channel(false);
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        Turn { before: newest.replace(own), has_all_locks }
    }
}

impl Turn {
    /// Waits until the batch before waits for nobody any more.
    pub(super) async fn before_has_all_locks(&mut self) -> Before {
        let Some(before) = self.before.as_mut() else { return Before::IsOver };
        let waited = before.wait_for(|has_all_locks| *has_all_locks).await.map(drop);
        // Its end is seen by the sender that is gone, whatever was sent before.
        if waited.is_err() || before.has_changed().is_err() {
            Before::IsOver
        } else {
            Before::HasAllLocks
        }
    }

    /// Waits until the batch before is committed or given up.
    pub(super) async fn before_is_over(&mut self) {
        let Some(before) = self.before.as_mut() else { return };
        while before.changed().await.is_ok() {}
        self.before = None;
    }

    /// Says that this batch will wait for no further lock that the next one might hold.
    pub(super) fn has_all_locks(&self) {
        // Nobody listens to the last one.
        let _ = self.has_all_locks.send(true);
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn the_next_goes_ahead_when_the_one_before_has_its_locks_and_has_its_turn_when_that_is_over() {
        let turns = Turns::default();
        let (mut first, mut second) = (turns.next(), turns.next());
        assert_eq!(first.before_has_all_locks().now_or_never(), Some(Before::IsOver));
        assert_eq!(first.before_is_over().now_or_never(), Some(()));
        assert_eq!(second.before_has_all_locks().now_or_never(), None);
        first.has_all_locks();
        assert_eq!(second.before_has_all_locks().now_or_never(), Some(Before::HasAllLocks));
        assert_eq!(second.before_is_over().now_or_never(), None);
        drop(first);
        assert_eq!(second.before_has_all_locks().now_or_never(), Some(Before::IsOver));
        assert_eq!(second.before_is_over().now_or_never(), Some(()));
        let mut third = turns.next();
        drop(second);
        assert_eq!(third.before_has_all_locks().now_or_never(), Some(Before::IsOver));
    }
}
