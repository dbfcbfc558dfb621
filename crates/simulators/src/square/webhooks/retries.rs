//! When a webhook is sent again that did not arrive.

use crate::square::moment::{HOUR, MINUTE};

/// How long after each failure the next attempt is made: eleven times within 24 hours.
const DELAYS: [i64; 11] = [
    MINUTE,
    2 * MINUTE,
    4 * MINUTE,
    8 * MINUTE,
    16 * MINUTE,
    32 * MINUTE,
    HOUR,
    2 * HOUR,
    4 * HOUR,
    8 * HOUR,
    8 * HOUR,
];

/// Why the last attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RetryReason {
    Timeout,
    Status,
    Other,
}

impl RetryReason {
    /// Returns the vendor's word.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Timeout => "http_timeout",
            Self::Status => "http_error",
            Self::Other => "other_error",
        }
    }
}

/// Returns how long to wait after `attempt` failed, which counts from 0; nothing once all are made.
pub(super) fn delay_after(attempt: u8) -> Option<i64> {
    DELAYS.get(usize::from(attempt)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eleven_retries_take_a_day() {
        let delays: Vec<i64> = (0..20).map_while(delay_after).collect();
        assert_eq!(delays.len(), 11);
        let total: i64 = delays.iter().sum();
        assert!((24 * HOUR..26 * HOUR).contains(&total), "{}", total / MINUTE);
    }
}
