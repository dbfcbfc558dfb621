//! How long to pause before asking again, and how many repetitions may be owed.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::RetryPolicy;

/// Returns a pause between nothing and an upper end that doubles: full jitter spreads callers who
/// failed together.
pub(super) fn pause(policy: &RetryPolicy, attempt: u32, fraction: f64) -> Duration {
    let doubled = 2_u32.saturating_pow(attempt.min(20));
    policy.first_pause.saturating_mul(doubled).min(policy.longest_pause).mul_f64(fraction)
}

/// How many repetitions an integration may still make.
pub(super) struct RetryBudget {
    most: f64,
    per_success: f64,
    left: Mutex<f64>,
}

impl RetryBudget {
    pub(super) const fn new(policy: &RetryPolicy) -> Self {
        let RetryPolicy { budget, budget_per_success, .. } = *policy;
        Self { most: budget, per_success: budget_per_success, left: Mutex::new(budget) }
    }

    /// A call went well.
    pub(super) fn pay_back(&self) {
        self.with(|left| *left = (*left + self.per_success).min(self.most));
    }

    /// Takes one repetition, if there is one.
    pub(super) fn spend(&self) -> bool {
        self.with(|left| {
            let is_enough = *left >= 1.0;
            if is_enough {
                *left -= 1.0;
            }
            is_enough
        })
    }

    fn with<R>(&self, change: impl FnOnce(&mut f64) -> R) -> R {
        change(&mut self.left.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_an_end_and_spread_down_to_nothing() {
        let policy = RetryPolicy {
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(5),
            ..RetryPolicy::default()
        };
        let seconds = |attempt, fraction| pause(&policy, attempt, fraction).as_secs_f64();
        assert!((seconds(0, 0.5) - 0.5).abs() < 1e-9);
        assert!((seconds(2, 0.5) - 2.0).abs() < 1e-9);
        assert!((seconds(60, 0.5) - 2.5).abs() < 1e-9);
        assert!(seconds(3, 0.0) < 1e-9);
    }

    #[test]
    fn a_budget_runs_out_and_success_fills_it() {
        let policy = RetryPolicy { budget: 2.0, budget_per_success: 0.5, ..RetryPolicy::default() };
        let budget = RetryBudget::new(&policy);
        assert!(budget.spend() && budget.spend() && !budget.spend());
        budget.pay_back();
        assert!(!budget.spend());
        budget.pay_back();
        assert!(budget.spend());
        (0..100).for_each(|_| budget.pay_back());
        assert!(budget.spend() && budget.spend() && !budget.spend());
    }
}
