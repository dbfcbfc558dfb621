//! What ways to plan are worth to a workload: by the planner's costs, and by times where they were measured.
//!
//! The planner chooses by its costs, so which way a statement goes is its say. How long that way takes is
//! not: what was measured of it counts in the place of its cost.

use std::collections::BTreeMap;

use super::Index;
use super::ways::Way;

/// How much more others must gain by an index than a statement loses by it.
const LOSS: f64 = 10.0;

/// Indexes of a table that begin alike: a plan that takes one of them takes another in its place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Family {
    table: String,
    leading: String,
}

impl Family {
    pub(crate) fn of(index: &Index) -> Self {
        let leading = index.keys.first().map(|key| key.sql.clone()).unwrap_or_default();
        Self { table: index.table.clone(), leading }
    }
}

/// What statements and their ways are worth.
#[derive(Clone, Debug, Default)]
pub(crate) struct Worth {
    /// How often each statement runs.
    calls: Vec<f64>,
    /// What one of the planner's units is worth, of each statement.
    units: Vec<f64>,
    /// What one unit is worth where nothing else is known.
    typical: f64,
    /// How long each statement took without new indexes.
    before: Vec<Option<f64>>,
    /// Of each statement, how long a way took that was built.
    measured: Vec<BTreeMap<Vec<usize>, f64>>,
    /// Of each statement, by how much it became slower with an index that begins so.
    losses: Vec<BTreeMap<Family, f64>>,
    families: Vec<Family>,
}

impl Worth {
    pub(crate) fn new(calls: &[f64], candidates: &[Index]) -> Self {
        Self {
            calls: calls.to_vec(),
            units: calls.iter().map(|_| 1.0).collect(),
            typical: 1.0,
            before: calls.iter().map(|_| None).collect(),
            measured: calls.iter().map(|_| BTreeMap::new()).collect(),
            losses: calls.iter().map(|_| BTreeMap::new()).collect(),
            families: candidates.iter().map(Family::of).collect(),
        }
    }

    /// Counts milliseconds from here on: each statement by how long it took without new indexes. One that
    /// was not measured gets what the others' units are worth on average.
    pub(crate) fn weigh(&mut self, times: &[Option<f64>], base: &[f64]) {
        let worth = |time: &Option<f64>, cost: f64| time.filter(|_| cost > 0.0).map(|ms| ms / cost);
        let mut known: Vec<f64> =
            times.iter().zip(base).filter_map(|(time, cost)| worth(time, *cost)).collect();
        known.sort_by(f64::total_cmp);
        // The middle one: a single statement that the planner takes for far dearer than it is says nothing.
        let Some(typical) = known.get(known.len() / 2).copied() else { return };
        self.typical = typical;
        for ((unit, time), cost) in self.units.iter_mut().zip(times).zip(base) {
            *unit = worth(time, *cost).unwrap_or(typical);
        }
        times.clone_into(&mut self.before);
    }

    /// Takes note of how long a way took.
    pub(crate) fn observe(&mut self, statement: usize, used: Vec<usize>, ms: f64) {
        if let Some(measured) = self.measured.get_mut(statement) {
            measured.insert(used, ms);
        }
    }

    /// Takes note of what a statement loses by indexes that begin like this one; whether that is news.
    pub(crate) fn endanger(&mut self, statement: usize, index: &Index, ms: f64) -> bool {
        let Some(losses) = self.losses.get_mut(statement) else { return false };
        let family = Family::of(index);
        // One of the like that does less harm does not undo what another did.
        let known = losses.get(&family).copied();
        losses.insert(family, known.map_or(ms, |known| known.max(ms)));
        known.is_none()
    }

    /// Returns what one of the planner's units is worth to the workload.
    pub(crate) const fn unit(&self) -> f64 {
        self.typical
    }

    /// Returns what a statement costs the workload when it goes a way.
    pub(crate) fn of(&self, statement: usize, way: &Way) -> f64 {
        let calls = self.calls.get(statement).copied().unwrap_or(1.0);
        let unit = self.units.get(statement).copied().unwrap_or(1.0);
        let measured = self.measured.get(statement).and_then(|it| it.get(&way.used)).copied();
        let before = self.before.get(statement).copied().flatten();
        let is_fine = measured.zip(before).is_some_and(|(ms, before)| ms <= before);
        let loss = if is_fine { 0.0 } else { self.loss(statement, way) };
        (measured.unwrap_or(way.cost * unit) + loss) * calls
    }

    /// What a way is counted for besides its time, because the statement became slower by one like it.
    fn loss(&self, statement: usize, way: &Way) -> f64 {
        let Some(losses) = self.losses.get(statement).filter(|losses| !losses.is_empty()) else {
            return 0.0;
        };
        let families = way.used.iter().filter_map(|place| self.families.get(*place));
        LOSS * families.filter_map(|family| losses.get(family)).copied().fold(0.0, f64::max)
    }

    /// Returns what a statement costs the workload at the planner's own cost.
    pub(crate) fn at_cost(&self, statement: usize, cost: f64) -> f64 {
        let calls = self.calls.get(statement).copied().unwrap_or(1.0);
        cost * calls * self.units.get(statement).copied().unwrap_or(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::indexes::Key;

    fn index(key: &str, included: &[&str]) -> Index {
        let mut index = Index::btree("t", vec![Key::column(key)]);
        index.included = included.iter().map(|name| (*name).to_owned()).collect();
        index
    }

    fn way(used: &[usize], cost: f64) -> Way {
        Way::asked(used.to_vec(), cost)
    }

    #[test]
    fn once_times_are_known_a_cost_counts_as_its_share_of_the_time() {
        let mut worth = Worth::new(&[2.0, 1.0, 1.0], &[]);
        assert_eq!(worth.of(0, &way(&[], 500.0)), 1_000.0, "the cost, for each run");
        worth.weigh(&[Some(50.0), Some(60_000.0), None], &[500.0, 2e9, 100.0]);
        assert_eq!(worth.of(0, &way(&[], 500.0)), 100.0);
        assert_eq!(worth.of(1, &way(&[1], 1e9)), 30_000.0);
        assert!(worth.of(2, &way(&[], 100.0)) > 0.0, "as the others' units, without a time");
    }

    #[test]
    fn what_was_measured_of_a_way_counts_in_the_place_of_its_cost() {
        let mut worth = Worth::new(&[1.0], &[index("a", &[]), index("b", &[])]);
        worth.weigh(&[Some(100.0)], &[1_000.0]);
        worth.observe(0, vec![0], 90.0);
        assert_eq!(worth.of(0, &way(&[0], 10.0)), 90.0);
        assert_eq!(worth.of(0, &way(&[1], 10.0)), 1.0);
    }

    #[test]
    fn a_statement_that_became_slower_is_in_danger_by_all_that_begin_alike() {
        let candidates = [index("a", &[]), index("a", &["x"]), index("b", &[])];
        let mut worth = Worth::new(&[1.0, 1.0], &candidates);
        worth.weigh(&[Some(100.0), Some(100.0)], &[1_000.0, 1_000.0]);
        assert!(worth.endanger(0, &candidates[0], 20.0));
        assert!(!worth.endanger(0, &candidates[1], 5.0), "known of the like, which did more harm");
        assert_eq!(worth.of(0, &way(&[1], 10.0)), 201.0, "ten times what was lost");
        assert_eq!(worth.of(0, &way(&[2], 10.0)), 1.0);
        assert_eq!(worth.of(1, &way(&[1], 10.0)), 1.0, "others may gain by it");
        // Another of the like that was built and did no harm is free.
        worth.observe(0, vec![1], 80.0);
        assert_eq!(worth.of(0, &way(&[1], 10.0)), 80.0);
    }
}
