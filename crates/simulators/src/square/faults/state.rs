//! Which request is struck: it follows from the seed and the requests before it.

use super::{FaultKind, FaultPlan};
use crate::dice::{Dice, mix};

/// A plan, and how far it has come.
#[derive(Debug)]
pub(crate) struct FaultState {
    plan: FaultPlan,
    /// For each fault of requests: how many requests it could have struck, and did.
    progress: Vec<(u64, u64)>,
}

impl FaultState {
    /// Starts a plan.
    pub(crate) fn new(plan: FaultPlan) -> Self {
        Self { progress: vec![(0, 0); plan.requests.len()], plan }
    }

    /// Returns the plan.
    pub(crate) const fn plan(&self) -> &FaultPlan {
        &self.plan
    }

    /// Draws what happens to the next request, which has this path.
    pub(crate) fn strike(&mut self, path: &str) -> Option<FaultKind> {
        let mut struck = None;
        let rules = self.plan.requests.iter().zip(&mut self.progress);
        for (number, (rule, (seen, done))) in (0_u64..).zip(rules) {
            if !path.starts_with(&rule.path_prefix) {
                continue;
            }
            let mut dice = Dice::new(mix(self.plan.seed ^ mix(number)) ^ *seen, "request");
            let is_due = *seen >= rule.skip && rule.times.is_none_or(|times| *done < times);
            *seen += 1;
            if struck.is_none() && is_due && dice.per_mille(u32::from(rule.per_mille)) {
                *done += 1;
                struck = Some(rule.fault);
            }
        }
        struck
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::square::faults::RequestFault;

    fn plan(seed: u64) -> FaultPlan {
        let fault = |fault, per_mille, skip, times| RequestFault {
            fault,
            per_mille,
            path_prefix: "/v2/".to_owned(),
            skip,
            times,
        };
        FaultPlan {
            seed,
            requests: vec![
                fault(FaultKind::HtmlSuccess, 1_000, 2, Some(1)),
                fault(FaultKind::TruncatedJson, 300, 0, None),
            ],
            ..FaultPlan::default()
        }
    }

    fn run(seed: u64) -> Vec<Option<FaultKind>> {
        let mut state = FaultState::new(plan(seed));
        (0..100).map(|_| state.strike("/v2/orders/search")).collect()
    }

    #[test]
    fn the_same_seed_and_requests_have_the_same_faults() {
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
        assert_eq!(run(1)[2], Some(FaultKind::HtmlSuccess));
        let once = run(1).iter().filter(|each| **each == Some(FaultKind::HtmlSuccess)).count();
        assert_eq!(once, 1);
    }

    #[test]
    fn other_paths_are_spared_and_do_not_count() {
        let mut state = FaultState::new(plan(1));
        for _ in 0..50 {
            assert_eq!(state.strike("/oauth2/token"), None);
        }
        assert_ne!(state.strike("/v2/a"), Some(FaultKind::HtmlSuccess));
    }
}
