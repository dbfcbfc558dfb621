//! Spaces calls out, faster while they go well and much slower after a complaint.
//!
//! Additive increase, multiplicative decrease: what finds the rate a vendor never publishes.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::RatePolicy;

/// How long a cut covers: complaints of calls that were under way together are one complaint.
const ONE_COMPLAINT: Duration = Duration::from_secs(1);

/// The pace of one integration's calls.
pub(super) struct Limiter {
    policy: RatePolicy,
    pace: Mutex<Pace>,
}

struct Pace {
    rate: f64,
    next: Duration,
    last_cut: Option<Duration>,
}

impl Limiter {
    pub(super) fn new(policy: RatePolicy) -> Self {
        Self {
            policy,
            pace: Mutex::new(Pace { rate: policy.first, next: Duration::ZERO, last_cut: None }),
        }
    }

    /// Takes the next place in the queue and returns how long it is until then; where that is longer than
    /// `longest`, takes none.
    ///
    /// # Errors
    /// Answers how long it is.
    pub(super) fn reserve(&self, now: Duration, longest: Duration) -> Result<Duration, Duration> {
        self.with(|pace| {
            let place = pace.next.max(now);
            let rest = place - now;
            if rest > longest {
                return Err(rest);
            }
            pace.next = place + Duration::from_secs_f64(1.0 / pace.rate);
            Ok(rest)
        })
    }

    /// A call went well.
    pub(super) fn speed_up(&self) {
        self.with(|pace| pace.rate = (pace.rate + self.policy.step).min(self.policy.most));
    }

    /// The vendor complained; nothing is sent before `pause` is over.
    pub(super) fn slow_down(&self, now: Duration, pause: Duration) {
        self.with(|pace| {
            let is_known = pace.last_cut.is_some_and(|cut| now.saturating_sub(cut) < ONE_COMPLAINT);
            if !is_known {
                pace.rate = (pace.rate * self.policy.cut).max(self.policy.least);
                pace.last_cut = Some(now);
            }
            pace.next = pace.next.max(now + pause);
        });
    }

    fn with<R>(&self, change: impl FnOnce(&mut Pace) -> R) -> R {
        change(&mut self.pace.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const MINUTE: Duration = Duration::from_secs(60);

    fn rate(limiter: &Limiter) -> f64 {
        limiter.with(|pace| pace.rate)
    }

    #[test]
    fn calls_are_spaced_by_the_rate() {
        let limiter = Limiter::new(RatePolicy { first: 4.0, ..RatePolicy::default() });
        assert_eq!(limiter.reserve(SECOND, MINUTE), Ok(Duration::ZERO));
        assert_eq!(limiter.reserve(SECOND, MINUTE), Ok(SECOND / 4));
        assert_eq!(limiter.reserve(SECOND, MINUTE), Ok(SECOND / 2));
        assert_eq!(limiter.reserve(SECOND * 9, MINUTE), Ok(Duration::ZERO));
    }

    #[test]
    fn a_complaint_halves_the_rate_once_and_success_wins_it_back() {
        let limiter = Limiter::new(RatePolicy { first: 8.0, ..RatePolicy::default() });
        limiter.slow_down(SECOND, SECOND * 3);
        limiter.slow_down(SECOND + SECOND / 2, Duration::ZERO);
        assert!((rate(&limiter) - 4.0).abs() < 1e-9, "two complaints of one burst are one");
        assert_eq!(limiter.reserve(SECOND, MINUTE), Ok(SECOND * 3));
        limiter.slow_down(SECOND * 5, Duration::ZERO);
        assert!((rate(&limiter) - 2.0).abs() < 1e-9);
        limiter.speed_up();
        assert!((rate(&limiter) - 2.05).abs() < 1e-9);
    }

    #[test]
    fn nobody_stands_in_a_queue_of_hours() {
        let limiter = Limiter::new(RatePolicy::default());
        limiter.slow_down(SECOND, MINUTE * 120);
        for _ in 0..2 {
            assert_eq!(limiter.reserve(SECOND + MINUTE, MINUTE), Err(MINUTE * 119));
        }
        assert_eq!(limiter.reserve(SECOND + MINUTE * 120, MINUTE), Ok(Duration::ZERO));
    }

    #[test]
    fn the_rate_stays_within_its_bounds() {
        let limiter = Limiter::new(RatePolicy::default());
        for second in 1..100 {
            limiter.slow_down(SECOND * second * 2, Duration::ZERO);
        }
        assert!((rate(&limiter) - 0.2).abs() < 1e-9);
        (0..1000).for_each(|_| limiter.speed_up());
        assert!((rate(&limiter) - 20.0).abs() < 1e-9);
    }
}
