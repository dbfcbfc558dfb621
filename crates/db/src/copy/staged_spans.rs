//! Which spans of time the batches of a run bring rows to through staging.
//!
//! Such a batch makes the span's partition when it commits. The next batch is filled meanwhile, and
//! must not hold that partition in the making: each would wait for the other, one of them outside of
//! the database, where nobody detects a deadlock.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustc_hash::FxHashMap;

/// How many open batches bring rows to each span.
#[derive(Default)]
pub(super) struct StagedSpans {
    batch_counts: Mutex<FxHashMap<i128, usize>>,
}

impl StagedSpans {
    fn batch_counts(&self) -> MutexGuard<'_, FxHashMap<i128, usize>> {
        self.batch_counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The spans of one batch, until it is committed or given up.
pub(super) struct OwnSpans {
    all: Arc<StagedSpans>,
    own: BTreeSet<i128>,
}

impl OwnSpans {
    pub(super) fn new(all: &Arc<StagedSpans>) -> Self {
        Self { all: all.clone(), own: BTreeSet::new() }
    }

    /// Remembers that the batch brings rows to a span.
    pub(super) fn add(&mut self, span: i128) {
        if self.own.insert(span) {
            *self.all.batch_counts().entry(span).or_default() += 1;
        }
    }

    /// Whether another batch, not committed yet, brings rows to a span.
    pub(super) fn are_shared(&self, span: i128) -> bool {
        let own = usize::from(self.own.contains(&span));
        self.all.batch_counts().get(&span).is_some_and(|count| *count > own)
    }

    /// Returns the spans, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = i128> + '_ {
        self.own.iter().copied()
    }
}

impl Drop for OwnSpans {
    fn drop(&mut self) {
        let mut batch_counts = self.all.batch_counts();
        for span in &self.own {
            if let Some(count) = batch_counts.get_mut(span) {
                *count -= 1;
                if *count == 0 {
                    batch_counts.remove(span);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_shared_until_the_other_batch_is_over() {
        let all = Arc::new(StagedSpans::default());
        let (mut first, mut second) = (OwnSpans::new(&all), OwnSpans::new(&all));
        first.add(7);
        first.add(7);
        assert!(second.are_shared(7) && !first.are_shared(7) && !second.are_shared(8));
        second.add(7);
        assert!(first.are_shared(7));
        drop(first);
        assert!(!second.are_shared(7));
        drop(second);
        assert!(all.batch_counts().is_empty());
    }
}
