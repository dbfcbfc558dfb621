//! Stops asking a vendor that fails again and again, and probes now and then whether it is back.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::BreakerPolicy;

/// The circuit breaker of one integration.
pub(super) struct Breaker {
    policy: BreakerPolicy,
    circuit: Mutex<Circuit>,
}

struct Circuit {
    failures: u32,
    /// Set while the circuit is open.
    rest: Option<Rest>,
}

#[derive(Clone, Copy)]
struct Rest {
    until: Duration,
    length: Duration,
    is_probed: bool,
}

/// Leave to make one call; dropped without a word, it says nothing of the vendor.
pub(super) struct Leave<'b> {
    breaker: &'b Breaker,
    is_probe: bool,
    is_settled: bool,
}

impl Breaker {
    pub(super) const fn new(policy: BreakerPolicy) -> Self {
        Self { policy, circuit: Mutex::new(Circuit { failures: 0, rest: None }) }
    }

    /// Gives leave to call, to one probe only once the rest is over.
    ///
    /// # Errors
    /// Returns how long to wait while the circuit is open.
    pub(super) fn admit(&self, now: Duration) -> Result<Leave<'_>, Duration> {
        self.with(|circuit| {
            let Some(rest) = circuit.rest.as_mut() else { return Ok(self.leave(false)) };
            if now < rest.until {
                return Err(rest.until - now);
            }
            if rest.is_probed {
                return Err(self.policy.first_rest);
            }
            rest.is_probed = true;
            Ok(self.leave(true))
        })
    }

    const fn leave(&self, is_probe: bool) -> Leave<'_> {
        Leave { breaker: self, is_probe, is_settled: false }
    }

    fn with<R>(&self, change: impl FnOnce(&mut Circuit) -> R) -> R {
        change(&mut self.circuit.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Leave<'_> {
    /// The vendor answered: the circuit closes.
    pub(super) fn answered(mut self) {
        self.is_settled = true;
        self.breaker.with(|circuit| *circuit = Circuit { failures: 0, rest: None });
    }

    /// The vendor failed: after too many in a row, or as a probe, the circuit opens.
    pub(super) fn failed(mut self, now: Duration) {
        self.is_settled = true;
        let policy = self.breaker.policy;
        self.breaker.with(|circuit| {
            circuit.failures = circuit.failures.saturating_add(1);
            let before = circuit.rest.filter(|_| self.is_probe);
            if before.is_none() && (circuit.failures < policy.failures || circuit.rest.is_some()) {
                return;
            }
            let length = before.map_or(policy.first_rest, |rest| rest.length * 2);
            let length = length.min(policy.longest_rest);
            circuit.rest = Some(Rest { until: now + length, length, is_probed: false });
        });
    }
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        if self.is_probe && !self.is_settled {
            self.breaker.with(|circuit| {
                if let Some(rest) = circuit.rest.as_mut() {
                    rest.is_probed = false;
                }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn breaker() -> Breaker {
        Breaker::new(BreakerPolicy {
            failures: 2,
            first_rest: SECOND * 10,
            longest_rest: SECOND * 30,
        })
    }

    fn fail(breaker: &Breaker, now: Duration) {
        breaker.admit(now).unwrap_or_else(|_| panic!("no leave")).failed(now);
    }

    #[test]
    fn opens_after_failures_in_a_row_only() {
        let breaker = breaker();
        fail(&breaker, SECOND);
        breaker.admit(SECOND).unwrap_or_else(|_| panic!("no leave")).answered();
        fail(&breaker, SECOND);
        assert!(breaker.admit(SECOND).is_ok());
        fail(&breaker, SECOND);
        assert_eq!(breaker.admit(SECOND * 3).err(), Some(SECOND * 8));
    }

    #[test]
    fn one_probe_decides_and_failing_probes_rest_longer() {
        let breaker = breaker();
        fail(&breaker, Duration::ZERO);
        fail(&breaker, Duration::ZERO);
        let probe = breaker.admit(SECOND * 10).unwrap_or_else(|_| panic!("no probe"));
        assert!(breaker.admit(SECOND * 10).is_err(), "one probe at a time");
        probe.failed(SECOND * 10);
        assert_eq!(breaker.admit(SECOND * 10).err(), Some(SECOND * 20));
        let probe = breaker.admit(SECOND * 30).unwrap_or_else(|_| panic!("no probe"));
        probe.answered();
        assert!(breaker.admit(SECOND * 30).is_ok());
    }

    #[test]
    fn a_probe_that_was_given_up_lets_another_go() {
        let breaker = breaker();
        fail(&breaker, Duration::ZERO);
        fail(&breaker, Duration::ZERO);
        drop(breaker.admit(SECOND * 10));
        assert!(breaker.admit(SECOND * 10).is_ok());
    }
}
