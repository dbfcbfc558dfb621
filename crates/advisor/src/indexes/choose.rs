//! Chooses among candidates: what lowers the workload's cost most for its bytes, within a budget.

use std::collections::{BTreeMap, BTreeSet};

use super::catalog::Catalog;
use super::costs::Costs;
use super::error::AdviceError;
use super::Index;

/// An index must lower the whole workload's cost by this share …
const LEAST_GAIN: f64 = 0.002;

/// … and that of one statement by this one.
const LEAST_GAIN_OF_ONE: f64 = 0.1;

/// A statement below this cost, some ten milliseconds, is well as it is.
pub(crate) const WELL: f64 = 300.0;

/// What an entry costs whoever writes a row, in the planner's units: about two microseconds.
const WRITE_COST: f64 = 0.3;

/// What is weighed when choosing.
pub(crate) struct Weighing<'a> {
    pub(crate) candidates: &'a [Index],
    pub(crate) catalog: &'a Catalog,
    /// Bytes of each candidate.
    pub(crate) bytes: &'a [f64],
    /// How much each statement counts.
    pub(crate) weights: &'a [f64],
    pub(crate) budget: f64,
    /// Whether weights are runs since the server began to count, so that written rows compare with them.
    pub(crate) counts_writes: bool,
}

/// What was chosen, and what it costs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Choice {
    pub(crate) chosen: BTreeSet<usize>,
    /// The candidates that would have helped, and did not fit into the budget.
    pub(crate) too_large: BTreeSet<usize>,
    /// Whether time ran out before all was tried.
    pub(crate) is_cut_short: bool,
}

/// Chooses among the allowed candidates.
pub(crate) async fn choose(
    costs: &mut Costs<'_>,
    weighing: &Weighing<'_>,
    allowed: &BTreeSet<usize>,
) -> Result<Choice, AdviceError> {
    let mut search = Search::begin(costs, weighing).await?;
    search.grow(costs, allowed).await?;
    search.swap(costs, allowed).await?;
    search.shrink(costs).await?;
    search.choice.is_cut_short = costs.is_late();
    Ok(search.choice)
}

struct Search<'w> {
    weighing: &'w Weighing<'w>,
    choice: Choice,
    /// The cost of each statement with what is chosen so far.
    now: Vec<f64>,
    first: Vec<f64>,
}

impl<'w> Search<'w> {
    async fn begin(costs: &mut Costs<'_>, weighing: &'w Weighing<'w>) -> Result<Self, AdviceError> {
        let mut search =
            Self { weighing, choice: Choice::default(), now: Vec::new(), first: Vec::new() };
        search.now = search.costs_of(costs, &BTreeSet::new(), None).await?;
        search.first.clone_from(&search.now);
        Ok(search)
    }

    /// Asks for each statement's cost; only those that a candidate concerns can differ from now.
    async fn costs_of(
        &self,
        costs: &mut Costs<'_>,
        set: &BTreeSet<usize>,
        changed: Option<usize>,
    ) -> Result<Vec<f64>, AdviceError> {
        let Weighing { candidates, catalog, weights, .. } = *self.weighing;
        let mut all = Vec::with_capacity(weights.len());
        for statement in 0..weights.len() {
            let index = changed.and_then(|changed| candidates.get(changed));
            let is_same = index.is_some_and(|index| !costs.concerns(index, statement));
            let cost = match self.now.get(statement).filter(|_| is_same) {
                Some(cost) => *cost,
                None => costs.cost(statement, set, candidates, catalog).await?.cost,
            };
            all.push(cost);
        }
        Ok(all)
    }

    /// Adds up statements and what writers pay.
    fn total(&self, all: &[f64], set: &BTreeSet<usize>) -> f64 {
        let read: f64 = all.iter().zip(self.weighing.weights).map(|(cost, weight)| cost * weight).sum();
        read + set.iter().map(|candidate| self.write_cost(*candidate)).sum::<f64>()
    }

    fn write_cost(&self, candidate: usize) -> f64 {
        let index = self.weighing.candidates.get(candidate);
        let Some(index) = index.filter(|_| self.weighing.counts_writes) else { return 0.0 };
        let written = self.weighing.catalog.named(&index.table).map_or(0.0, |table| table.written);
        written * WRITE_COST
    }

    fn bytes(&self, set: &BTreeSet<usize>) -> f64 {
        set.iter().map(|candidate| self.bytes_of(*candidate)).sum()
    }

    fn bytes_of(&self, candidate: usize) -> f64 {
        self.weighing.bytes.get(candidate).copied().unwrap_or_default()
    }

    /// Whether a set is enough better than what is chosen.
    fn is_worth_it(&self, all: &[f64], total: f64, before: f64) -> bool {
        let helps_one = all.iter().zip(&self.now).any(|(cost, now)| {
            *now > WELL && (now - cost) / now >= LEAST_GAIN_OF_ONE
        });
        helps_one && before - total >= before * LEAST_GAIN
    }

    /// Adds the candidate with the most gain for its bytes until none is worth it. What one gained before is
    /// taken for as much as it can gain now, so that only the best few are asked about again.
    async fn grow(
        &mut self,
        costs: &mut Costs<'_>,
        allowed: &BTreeSet<usize>,
    ) -> Result<(), AdviceError> {
        let mut hopes = self.hopes(costs, allowed).await?;
        while !costs.is_late() {
            let before = self.total(&self.now, &self.choice.chosen);
            let mut best: Option<(usize, f64, Vec<f64>)> = None;
            let mut order: Vec<(usize, f64)> = hopes.iter().map(|(it, hope)| (*it, *hope)).collect();
            order.sort_by(|(_, one), (_, other)| other.total_cmp(one));
            for (candidate, hope) in order {
                if best.as_ref().is_some_and(|(_, ratio, _)| *ratio >= hope) || costs.is_late() {
                    break;
                }
                let set = self.with(candidate);
                if self.bytes(&set) > self.weighing.budget {
                    continue;
                }
                let all = self.costs_of(costs, &set, Some(candidate)).await?;
                let total = self.total(&all, &set);
                let added = self.bytes(&set) - self.bytes(&self.choice.chosen);
                let ratio = (before - total) / added.max(8_192.0);
                hopes.insert(candidate, ratio);
                let is_better = best.as_ref().is_none_or(|(_, known, _)| ratio > *known);
                if is_better && self.is_worth_it(&all, total, before) {
                    best = Some((candidate, ratio, all));
                }
            }
            let Some((candidate, _, all)) = best else { break };
            self.choice.chosen = self.with(candidate);
            self.now = all;
            hopes.remove(&candidate);
        }
        let left: Vec<usize> = hopes.keys().copied().collect();
        for candidate in left {
            let is_over = self.bytes(&self.with(candidate)) > self.weighing.budget;
            let is_promising = hopes.get(&candidate).is_some_and(|hope| *hope > 0.0);
            if is_over && is_promising {
                self.choice.too_large.insert(candidate);
            }
        }
        Ok(())
    }

    /// Says what each candidate can gain for its bytes at most: with all candidates there, no statement
    /// costs less than with any of them.
    async fn hopes(
        &self,
        costs: &mut Costs<'_>,
        allowed: &BTreeSet<usize>,
    ) -> Result<BTreeMap<usize, f64>, AdviceError> {
        let best = self.costs_of(costs, allowed, None).await?;
        let hopes = allowed.iter().filter_map(|candidate| {
            let index = self.weighing.candidates.get(*candidate)?;
            let gains = self.now.iter().zip(&best).zip(self.weighing.weights).enumerate();
            let gain: f64 = gains
                .filter(|(statement, _)| costs.concerns(index, *statement))
                .map(|(_, ((now, best), weight))| (now - best).max(0.0) * weight)
                .sum();
            Some((*candidate, gain / self.bytes_of(*candidate).max(8_192.0)))
        });
        Ok(hopes.collect())
    }

    /// What is chosen with a candidate more, without those that it makes needless.
    fn with(&self, candidate: usize) -> BTreeSet<usize> {
        let candidates = self.weighing.candidates;
        let mut set = self.choice.chosen.clone();
        if let Some(index) = candidates.get(candidate) {
            set.retain(|known| !candidates.get(*known).is_some_and(|known| index.makes_needless(known)));
        }
        set.insert(candidate);
        set
    }

    /// Exchanges a chosen one for another where that lowers the cost within the budget.
    async fn swap(
        &mut self,
        costs: &mut Costs<'_>,
        allowed: &BTreeSet<usize>,
    ) -> Result<(), AdviceError> {
        let mut has_changed = true;
        while has_changed && !costs.is_late() {
            has_changed = false;
            for out in self.choice.chosen.clone() {
                for candidate in allowed {
                    if costs.is_late() {
                        return Ok(());
                    }
                    if self.choice.chosen.contains(candidate) || !self.share_a_table(out, *candidate) {
                        continue;
                    }
                    let mut set = self.choice.chosen.clone();
                    set.remove(&out);
                    set.insert(*candidate);
                    if self.bytes(&set) > self.weighing.budget {
                        continue;
                    }
                    let all = self.costs_of(costs, &set, Some(*candidate)).await?;
                    let (total, before) =
                        (self.total(&all, &set), self.total(&self.now, &self.choice.chosen));
                    if before - total > before * LEAST_GAIN {
                        self.choice.chosen = set;
                        self.now = all;
                        has_changed = true;
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    fn share_a_table(&self, one: usize, other: usize) -> bool {
        let table = |place: usize| self.weighing.candidates.get(place).map(|index| &index.table);
        table(one) == table(other)
    }

    /// Gives up what the others have made needless.
    async fn shrink(&mut self, costs: &mut Costs<'_>) -> Result<(), AdviceError> {
        let mut largest: Vec<usize> = self.choice.chosen.iter().copied().collect();
        largest.sort_by(|one, other| self.bytes_of(*other).total_cmp(&self.bytes_of(*one)));
        for candidate in largest {
            let mut set = self.choice.chosen.clone();
            set.remove(&candidate);
            let all = self.costs_of(costs, &set, Some(candidate)).await?;
            let (total, before) = (self.total(&all, &set), self.total(&self.now, &self.choice.chosen));
            let hurts_one = all.iter().zip(&self.now).any(|(cost, now)| {
                *cost > WELL && (cost - now) / cost >= LEAST_GAIN_OF_ONE
            });
            if total - before < before * LEAST_GAIN || !hurts_one {
                self.choice.chosen = set;
                self.now = all;
            }
        }
        Ok(())
    }
}
