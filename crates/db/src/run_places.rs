//! Places for runs: how many may go on at once, so that none waits for connections that another holds.
//!
//! A run holds some connections while it asks for more. With more runs than the pool has connections
//! for, each would hold what the others need, and all would wait for ever. So a run first waits for a
//! place, holding nothing; who has a place finds the connections that it needs.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The places of a database.
#[derive(Clone)]
pub(crate) struct RunPlaces {
    free: Arc<Semaphore>,
    /// How many there are, taken ones included.
    count: Arc<Mutex<usize>>,
}

/// A place; given up when dropped.
pub(crate) struct RunPlace {
    _permit: OwnedSemaphorePermit,
}

impl RunPlaces {
    /// Makes places; one at least.
    pub(crate) fn new(count: usize) -> Self {
        let count = count.max(1);
        Self { free: Arc::new(Semaphore::new(count)), count: Arc::new(Mutex::new(count)) }
    }

    /// Sees to it that there are that many; takes none away.
    pub(crate) fn grow(&self, count: usize) {
        let mut known = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lacking) = count.checked_sub(*known) {
            self.free.add_permits(lacking);
            *known = count;
        }
    }

    /// Waits for a place. Whoever waits must hold no connection, and no other place.
    pub(crate) async fn take(&self) -> RunPlace {
        let permit = self.free.clone().acquire_owned().await;
        RunPlace { _permit: permit.expect("the semaphore is never closed") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn places_are_added_once_and_come_back() {
        let places = RunPlaces::new(0);
        let first = places.take().await;
        assert_eq!(places.free.available_permits(), 0);
        places.grow(3);
        places.grow(3);
        places.grow(2);
        assert_eq!(places.free.available_permits(), 2);
        drop(first);
        assert_eq!(places.free.available_permits(), 3);
    }
}
