//! Chooses among candidates: what lowers the workload's cost most for its bytes, within a budget.

use std::collections::{BTreeMap, BTreeSet};

use super::Index;
use super::catalog::Catalog;
use super::costs::Costs;
use super::error::AdviceError;

/// An index must lower the whole workload's cost by this share …
const LEAST_GAIN: f64 = 0.002;

/// … and that of one statement by this one.
const LEAST_GAIN_OF_ONE: f64 = 0.1;

/// A statement below this cost, some ten milliseconds, is well as it is.
pub(crate) const WELL: f64 = 300.0;

/// Bytes below this share of the budget are as good as none: a few of them must not decide between an index
/// and a better one.
const FREE_SHARE: f64 = 0.02;

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
    /// All candidates, whether they are allowed or not.
    pub(crate) picked: &'a BTreeSet<usize>,
    /// What was chosen the time before.
    pub(crate) before: &'a BTreeSet<usize>,
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

/// Chooses among the allowed candidates, of which some were used together.
pub(crate) async fn choose(
    costs: &mut Costs<'_>,
    weighing: &Weighing<'_>,
    allowed: &BTreeSet<usize>,
    together: &[&BTreeSet<usize>],
) -> Result<Choice, AdviceError> {
    let mut search = Search::begin(costs, weighing).await?;
    search.resume(costs, allowed).await?;
    search.grow(costs, allowed).await?;
    while search.add_together(costs, together).await? {
        search.grow(costs, allowed).await?;
    }
    search.swap(costs, allowed).await?;
    search.choice.is_cut_short = costs.is_late();
    search.shrink(costs).await?;
    Ok(search.choice)
}

struct Search<'w> {
    weighing: &'w Weighing<'w>,
    choice: Choice,
    /// The cost of each statement with what is chosen so far.
    now: Vec<f64>,
    /// Its cost with all candidates there: with any of them it costs no less.
    least: Vec<f64>,
}

/// What a set was found to gain.
enum Gain {
    /// So much, with these costs.
    Is(f64, Vec<f64>),
    /// Too little, found before all was asked.
    AtMost(f64),
}

impl<'w> Search<'w> {
    async fn begin(costs: &mut Costs<'_>, weighing: &'w Weighing<'w>) -> Result<Self, AdviceError> {
        let mut search =
            Self { weighing, choice: Choice::default(), now: Vec::new(), least: Vec::new() };
        for statement in 0..weighing.weights.len() {
            search.now.push(search.cost(costs, statement, &BTreeSet::new()).await?);
            // What is true of all is true of the allowed ones, and is known when it is chosen again.
            search.least.push(search.cost(costs, statement, weighing.picked).await?);
        }
        Ok(search)
    }

    /// Goes on from what was chosen the time before, as far as that is still allowed and has room: a choice
    /// that is made again has less time than the first.
    async fn resume(
        &mut self,
        costs: &mut Costs<'_>,
        allowed: &BTreeSet<usize>,
    ) -> Result<(), AdviceError> {
        let chosen: BTreeSet<usize> = self.weighing.before.intersection(allowed).copied().collect();
        if chosen.is_empty() {
            return Ok(());
        }
        for statement in 0..self.now.len() {
            let cost = self.cost(costs, statement, &chosen).await?;
            if let Some(now) = self.now.get_mut(statement) {
                *now = cost;
            }
        }
        self.choice.chosen = chosen;
        while self.bytes(&self.choice.chosen) > self.weighing.budget {
            let mut least: Option<(usize, f64, Vec<f64>)> = None;
            for candidate in self.choice.chosen.clone() {
                let mut set = self.choice.chosen.clone();
                set.remove(&candidate);
                let gain = self.gain(costs, &set, f64::NEG_INFINITY).await?;
                let Gain::Is(gain, all) = gain else { continue };
                let lost = -gain / self.bytes_of(candidate).max(1.0);
                if least.as_ref().is_none_or(|(_, known, _)| lost < *known) {
                    least = Some((candidate, lost, all));
                }
            }
            let Some((candidate, _, all)) = least else { break };
            self.choice.chosen.remove(&candidate);
            self.now = all;
        }
        Ok(())
    }

    async fn cost(
        &self,
        costs: &mut Costs<'_>,
        statement: usize,
        set: &BTreeSet<usize>,
    ) -> Result<f64, AdviceError> {
        let Weighing { candidates, catalog, .. } = *self.weighing;
        Ok(costs.cost(statement, set, candidates, catalog).await?.cost)
    }

    /// Finds what a set gains over what is chosen. The statements that can gain most are asked about first,
    /// and no more are once even the rest could not make it `wanted`.
    async fn gain(
        &self,
        costs: &mut Costs<'_>,
        set: &BTreeSet<usize>,
        wanted: f64,
    ) -> Result<Gain, AdviceError> {
        let candidates = self.weighing.candidates;
        let changed: Vec<&Index> = set
            .symmetric_difference(&self.choice.chosen)
            .filter_map(|candidate| candidates.get(*candidate))
            .collect();
        let mut all = self.now.clone();
        let mut open: Vec<(usize, f64)> = Vec::new();
        for (statement, weight) in self.weighing.weights.iter().enumerate() {
            if changed.iter().any(|index| costs.concerns(index, statement)) {
                let now = all.get(statement).copied().unwrap_or_default();
                let least = self.least.get(statement).copied().unwrap_or_default();
                open.push((statement, (now - least).max(0.0) * weight));
            }
        }
        open.sort_by(|(_, one), (_, other)| other.total_cmp(one));
        let mut at_most: f64 = open.iter().map(|(_, most)| most).sum::<f64>() + self.writes(set);
        for (statement, most) in open {
            if at_most < wanted {
                return Ok(Gain::AtMost(at_most));
            }
            let cost = self.cost(costs, statement, set).await?;
            let weight = self.weighing.weights.get(statement).copied().unwrap_or(1.0);
            if let Some(now) = all.get_mut(statement) {
                at_most += (*now - cost) * weight - most;
                *now = cost;
            }
        }
        Ok(Gain::Is(at_most, all))
    }

    /// Returns what writers gain: less than nothing where a set has more indexes than what is chosen.
    fn writes(&self, set: &BTreeSet<usize>) -> f64 {
        let cost = |set: &BTreeSet<usize>| set.iter().map(|it| self.write_cost(*it)).sum::<f64>();
        cost(&self.choice.chosen) - cost(set)
    }

    fn write_cost(&self, candidate: usize) -> f64 {
        let index = self.weighing.candidates.get(candidate);
        let Some(index) = index.filter(|_| self.weighing.counts_writes) else { return 0.0 };
        let written = self.weighing.catalog.named(&index.table).map_or(0.0, |table| table.written);
        written * WRITE_COST
    }

    /// Returns what the workload costs now.
    fn total(&self) -> f64 {
        let read = self.now.iter().zip(self.weighing.weights).map(|(cost, weight)| cost * weight);
        read.sum::<f64>() - self.writes(&BTreeSet::new()).min(0.0)
    }

    fn bytes(&self, set: &BTreeSet<usize>) -> f64 {
        set.iter().map(|candidate| self.bytes_of(*candidate)).sum()
    }

    fn bytes_of(&self, candidate: usize) -> f64 {
        self.weighing.bytes.get(candidate).copied().unwrap_or_default()
    }

    /// Returns the bytes that a set has more than what is chosen, and what is free besides.
    fn price(&self, set: &BTreeSet<usize>) -> f64 {
        let free = (self.weighing.budget * FREE_SHARE).max(8_192.0);
        free + (self.bytes(set) - self.bytes(&self.choice.chosen)).max(0.0)
    }

    /// Whether a statement that is not well gets noticeably better.
    fn helps_one(&self, all: &[f64]) -> bool {
        let mut pairs = all.iter().zip(&self.now);
        pairs.any(|(cost, now)| *now > WELL && (now - cost) / now >= LEAST_GAIN_OF_ONE)
    }

    /// Adds the candidate with the most gain for its bytes until none is worth it. What one gained before is
    /// taken for as much as it can gain now, so that only the best few are asked about again.
    async fn grow(
        &mut self,
        costs: &mut Costs<'_>,
        allowed: &BTreeSet<usize>,
    ) -> Result<(), AdviceError> {
        let mut hopes: BTreeMap<usize, f64> =
            allowed.iter().map(|it| (*it, f64::INFINITY)).collect();
        while !costs.is_late() {
            let least = self.total() * LEAST_GAIN;
            let mut best: Option<(usize, f64, Vec<f64>)> = None;
            let mut order: Vec<(usize, f64)> =
                hopes.iter().map(|(it, hope)| (*it, *hope)).collect();
            // Of two that promise as much, the smaller first.
            order.sort_by(|(one, hope), (other, others)| {
                others.total_cmp(hope).then(self.bytes_of(*one).total_cmp(&self.bytes_of(*other)))
            });
            for (candidate, hope) in order {
                let best_ratio = best.as_ref().map_or(0.0, |(_, ratio, _)| *ratio);
                if best_ratio >= hope || costs.is_late() {
                    break;
                }
                let set = self.with(candidate);
                let added = self.price(&set);
                if self.bytes(&set) > self.weighing.budget {
                    continue;
                }
                let wanted = least.max(best_ratio * added);
                match self.gain(costs, &set, wanted).await? {
                    Gain::AtMost(gain) => {
                        hopes.insert(candidate, gain / added);
                    }
                    Gain::Is(gain, all) => {
                        hopes.insert(candidate, gain / added);
                        if gain >= wanted && self.helps_one(&all) {
                            best = Some((candidate, gain / added, all));
                        }
                    }
                }
            }
            let Some((candidate, _, all)) = best else { break };
            self.choice.chosen = self.with(candidate);
            self.now = all;
            hopes.remove(&candidate);
        }
        for (candidate, hope) in hopes {
            if hope > 0.0 && self.bytes(&self.with(candidate)) > self.weighing.budget {
                self.choice.too_large.insert(candidate);
            }
        }
        Ok(())
    }

    /// Adds several that are of use together and of none alone, where that is worth it.
    async fn add_together(
        &mut self,
        costs: &mut Costs<'_>,
        together: &[&BTreeSet<usize>],
    ) -> Result<bool, AdviceError> {
        let mut best: Option<(BTreeSet<usize>, f64, Vec<f64>)> = None;
        for several in together {
            let mut set = self.choice.chosen.clone();
            set.extend(several.iter());
            let is_new = set.len() > self.choice.chosen.len();
            if !is_new || self.bytes(&set) > self.weighing.budget || costs.is_late() {
                continue;
            }
            let added = self.price(&set);
            let best_ratio = best.as_ref().map_or(0.0, |(_, ratio, _)| *ratio);
            let wanted = (self.total() * LEAST_GAIN).max(best_ratio * added);
            if let Gain::Is(gain, all) = self.gain(costs, &set, wanted).await?
                && gain >= wanted
                && self.helps_one(&all)
            {
                best = Some((set, gain / added, all));
            }
        }
        let Some((set, _, all)) = best else { return Ok(false) };
        self.choice.chosen = set;
        self.now = all;
        Ok(true)
    }

    /// What is chosen with a candidate more, without those that it makes needless.
    fn with(&self, candidate: usize) -> BTreeSet<usize> {
        let candidates = self.weighing.candidates;
        let mut set = self.choice.chosen.clone();
        if let Some(index) = candidates.get(candidate) {
            set.retain(|known| {
                !candidates.get(*known).is_some_and(|known| index.makes_needless(known))
            });
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
        while has_changed {
            has_changed = false;
            for out in self.choice.chosen.clone() {
                for candidate in allowed {
                    if costs.is_late() {
                        return Ok(());
                    }
                    if self.choice.chosen.contains(candidate)
                        || !self.share_a_table(out, *candidate)
                    {
                        continue;
                    }
                    let mut set = self.choice.chosen.clone();
                    set.remove(&out);
                    set.insert(*candidate);
                    if self.bytes(&set) > self.weighing.budget {
                        continue;
                    }
                    let wanted = self.total() * LEAST_GAIN;
                    let is_larger = self.bytes(&set) > self.bytes(&self.choice.chosen);
                    if let Gain::Is(gain, all) = self.gain(costs, &set, wanted).await?
                        && gain >= wanted
                        // More bytes must be worth it to somebody.
                        && (!is_larger || self.helps_one(&all))
                    {
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
            let get = |place: &usize| self.weighing.candidates.get(*place);
            let is_needless = get(&candidate).is_some_and(|index| {
                set.iter().filter_map(get).any(|other| other.makes_needless(index))
            });
            let Gain::Is(gain, all) = self.gain(costs, &set, f64::NEG_INFINITY).await? else {
                continue;
            };
            let hurts_one = all
                .iter()
                .zip(&self.now)
                .any(|(cost, now)| *cost > WELL && (cost - now) / cost >= LEAST_GAIN_OF_ONE);
            if is_needless || -gain < self.total() * LEAST_GAIN || !hurts_one {
                self.choice.chosen = set;
                self.now = all;
            }
        }
        Ok(())
    }
}
