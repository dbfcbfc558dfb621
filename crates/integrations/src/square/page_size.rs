//! How much is asked for at once: less, once an answer was more than may be held.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

/// The most records of a page, as far as answers have shown it. Shared by the clones of a client.
#[derive(Clone, Debug)]
pub(super) struct PageSize(Arc<AtomicU16>);

impl Default for PageSize {
    fn default() -> Self {
        Self(Arc::new(AtomicU16::new(u16::MAX)))
    }
}

impl PageSize {
    /// Returns how many records to ask for where a page has so many at most.
    pub(super) fn of(&self, most: u16) -> u16 {
        most.min(self.0.load(Ordering::Relaxed)).max(1)
    }

    /// Asks for half of that from now on; answers nothing when that is none.
    pub(super) fn halve(&self, asked: u16) -> Option<u16> {
        let half = asked / 2;
        (half > 0).then(|| {
            self.0.fetch_min(half, Ordering::Relaxed);
            half
        })
    }

    /// Asks for as much as at first again.
    pub(super) fn restore(&self) {
        self.0.store(u16::MAX, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_halves_down_to_one_and_stays_until_it_is_restored() {
        let (size, mut asked) = (PageSize::default(), Vec::new());
        let clone = size.clone();
        let mut now = clone.of(1000);
        while let Some(half) = clone.halve(now) {
            now = size.of(1000);
            assert_eq!(now, half);
            asked.push(now);
        }
        assert_eq!(asked, [500, 250, 125, 62, 31, 15, 7, 3, 1]);
        assert_eq!((size.of(100), size.of(0)), (1, 1));
        size.restore();
        assert_eq!(size.of(100), 100);
    }
}
