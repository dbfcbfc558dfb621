//! The numbers behind the HTTP policy, each with the reason for its default.

use std::time::Duration;

/// How a vendor is called.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// How long to wait for an answer.
    pub timeouts: TimeoutPolicy,
    /// How often to ask again.
    pub retries: RetryPolicy,
    /// How fast to ask.
    pub rate: RatePolicy,
    /// When to stop asking for a while.
    pub breaker: BreakerPolicy,
    /// The most bytes of one answer.
    pub most_body: BodyLimit,
}

/// The most bytes of one answer that are read.
#[derive(Clone, Copy, Debug)]
pub struct BodyLimit(pub usize);

impl Default for BodyLimit {
    /// 32 MiB: a page of 1,000 orders with a hundred lines each stays below.
    fn default() -> Self {
        Self(32 << 20)
    }
}

/// How long to wait for an answer.
#[derive(Clone, Copy, Debug)]
pub struct TimeoutPolicy {
    /// Until the connection stands.
    pub connect: Duration,
    /// Between two pieces of an answer.
    pub read: Duration,
    /// From the first byte sent to the last one received.
    pub total: Duration,
}

impl Default for TimeoutPolicy {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { connect: seconds(10), read: seconds(30), total: seconds(90) }
    }
}

/// How often to ask again.
#[derive(Clone, Copy, Debug)]
pub struct RetryPolicy {
    /// How often in all while a vendor fails.
    pub attempts: u32,
    /// How often in all while a vendor says that it is asked too much: waiting is what it wants.
    pub throttled_attempts: u32,
    /// The upper end of the first pause; each further one doubles.
    pub first_pause: Duration,
    /// The upper end of any pause that we choose.
    pub longest_pause: Duration,
    /// The longest pause that a vendor may ask for; beyond it the call ends, to be made later.
    pub longest_asked_pause: Duration,
    /// How many repetitions may be owed at once.
    pub budget: f64,
    /// The part of a repetition that a call which succeeds pays back.
    pub budget_per_success: f64,
}

impl Default for RetryPolicy {
    /// A fifth of all calls may be repetitions, so that a vendor in trouble is not asked five
    /// times as often as one in health.
    fn default() -> Self {
        Self {
            attempts: 5,
            throttled_attempts: 10,
            first_pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(30),
            longest_asked_pause: Duration::from_secs(120),
            budget: 20.0,
            budget_per_success: 0.2,
        }
    }
}

/// How fast to ask, in calls a second.
#[derive(Clone, Copy, Debug)]
pub struct RatePolicy {
    /// Before anything is known.
    pub first: f64,
    /// However often the vendor complains.
    pub least: f64,
    /// However well it goes.
    pub most: f64,
    /// How much faster after each call that went well.
    pub step: f64,
    /// What is left of the rate after a complaint.
    pub cut: f64,
}

impl Default for RatePolicy {
    /// Ten a second is what one seller's token bears everywhere we know.
    fn default() -> Self {
        Self { first: 10.0, least: 0.2, most: 20.0, step: 0.05, cut: 0.5 }
    }
}

/// When to stop asking for a while.
#[derive(Clone, Copy, Debug)]
pub struct BreakerPolicy {
    /// After how many failures in a row.
    pub failures: u32,
    /// For how long at first; doubles with each probe that fails.
    pub first_rest: Duration,
    /// For how long at most.
    pub longest_rest: Duration,
}

impl Default for BreakerPolicy {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { failures: 8, first_rest: seconds(15), longest_rest: seconds(300) }
    }
}
