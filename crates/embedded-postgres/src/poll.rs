//! Waits for a condition, up to a deadline.

use std::time::{Duration, Instant};

/// Asks `condition` every `interval` until it returns something, or `limit` has passed.
pub(crate) fn until<T>(
    limit: Duration,
    interval: Duration,
    mut condition: impl FnMut() -> Option<T>,
) -> Option<T> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(found) = condition() {
            return Some(found);
        }
        if Instant::now() >= deadline {
            return None;
        }
        pause(interval);
    }
}

/// Sleeps between two looks at a condition.
#[expect(clippy::disallowed_methods, reason = "the poll interval of a wait with a deadline")]
fn pause(interval: Duration) {
    std::thread::sleep(interval);
}
