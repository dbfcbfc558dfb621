//! Time and chance as the HTTP policy sees them, so that tests can tell both.

use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Timestamp;

/// Where time and chance come from.
pub trait Surroundings: Send + Sync {
    /// Returns the present, for what expires by the calendar.
    fn now(&self) -> Timestamp;

    /// Returns the time since some fixed start; never goes back.
    fn elapsed(&self) -> Duration;

    /// Returns a number from 0 up to but not including 1.
    fn fraction(&self) -> f64;

    /// Waits.
    fn sleep(&self, time: Duration) -> BoxFuture<'_, ()>;
}

/// The system's clock and random numbers.
pub struct SystemSurroundings {
    start: Instant,
}

impl Default for SystemSurroundings {
    fn default() -> Self {
        Self { start: Instant::now() }
    }
}

impl Surroundings for SystemSurroundings {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    fn fraction(&self) -> f64 {
        rand::random()
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'_, ()> {
        tokio::time::sleep(time).boxed()
    }
}
