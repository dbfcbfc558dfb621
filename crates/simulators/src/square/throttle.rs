//! How many requests are let through, for each application and merchant.
//!
//! The vendor publishes no numbers; these are chosen.

use std::collections::HashMap;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::moment::Moment;

/// The size of a token bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ThrottleConfig {
    /// How many requests may come at once.
    pub burst: u32,
    /// How many may come in a second for long.
    pub per_second: u32,
    /// Which seconds.
    pub by: ThrottleClock,
    /// What `Retry-After` says, if it is sent at all: the vendor does not promise it.
    pub retry_after_seconds: Option<u32>,
}

/// Which clock refills the buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThrottleClock {
    /// The real one: clients wait in real time.
    Real,
    /// The simulated one: what happens is the same in every run.
    Simulated,
}

impl Default for ThrottleConfig {
    fn default() -> Self {
        Self { burst: 400, per_second: 200, by: ThrottleClock::Real, retry_after_seconds: None }
    }
}

/// All buckets.
#[derive(Debug)]
pub(crate) struct Throttle {
    buckets: HashMap<(u8, u8), Bucket>,
    started: Instant,
}

/// A bucket: what is in it, in thousandths of a request, and when that was.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    thousandths: u64,
    filled_at: i64,
}

impl Throttle {
    /// Sets up full buckets.
    pub(crate) fn new() -> Self {
        Self { buckets: HashMap::new(), started: Instant::now() }
    }

    /// Takes a request out of the bucket of an application and merchant; says whether there was one.
    pub(crate) fn admit(&mut self, config: &ThrottleConfig, key: (u8, u8), now: Moment) -> bool {
        let now = match config.by {
            ThrottleClock::Real => {
                i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX)
            }
            ThrottleClock::Simulated => now.millis(),
        };
        let full = u64::from(config.burst) * 1_000;
        let bucket =
            self.buckets.entry(key).or_insert(Bucket { thousandths: full, filled_at: now });
        let passed = u64::try_from(now - bucket.filled_at).unwrap_or(0);
        let refill = passed.saturating_mul(u64::from(config.per_second));
        bucket.thousandths = bucket.thousandths.saturating_add(refill).min(full);
        bucket.filled_at = now;
        let is_admitted = bucket.thousandths >= 1_000;
        if is_admitted {
            bucket.thousandths -= 1_000;
        }
        is_admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_lets_a_burst_through_and_then_its_rate() {
        let config = ThrottleConfig {
            burst: 3,
            per_second: 2,
            by: ThrottleClock::Simulated,
            retry_after_seconds: None,
        };
        let mut throttle = Throttle::new();
        let mut admit = |key, at| throttle.admit(&config, key, Moment(at));
        assert_eq!([(); 4].map(|()| admit((0, 0), 0)), [true, true, true, false]);
        assert!(admit((0, 1), 0), "another merchant has its own");
        assert!(!admit((0, 0), 499));
        assert!(admit((0, 0), 500));
        assert_eq!([(); 4].map(|()| admit((0, 0), 60_000)), [true, true, true, false]);
    }
}
