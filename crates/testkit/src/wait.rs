//! Waits for a condition instead of sleeping.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::error::TestkitError;

/// Short enough that a test hardly waits longer than it must.
const INTERVAL: Duration = Duration::from_millis(20);

/// Waits until `condition` holds, and fails when it does not within `deadline`.
///
/// The condition is asked at least once, and `description` completes «waited in vain for».
pub async fn wait_for(
    description: &str,
    deadline: Duration,
    mut condition: impl AsyncFnMut() -> bool,
) -> Result<(), TestkitError> {
    let end = Instant::now() + deadline;
    while !condition().await {
        if Instant::now() >= end {
            return Err(TestkitError::TimedOut { description: description.to_owned(), deadline });
        }
        sleep(INTERVAL).await;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_condition_that_comes_true_ends_the_wait() {
        let mut asked = 0;
        let three_times = async || {
            asked += 1;
            asked == 3
        };
        wait_for("three", Duration::from_secs(10), three_times).await.unwrap();
        assert_eq!(asked, 3);
    }

    #[tokio::test]
    async fn a_condition_that_never_comes_true_is_named() {
        let never = async || false;
        let error = wait_for("the moon", Duration::from_millis(30), never).await.unwrap_err();
        assert_eq!(error.to_string(), "waited 0.03 s in vain for the moon");
    }
}
