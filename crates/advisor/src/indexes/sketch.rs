//! A search in memory: what to choose by the ways that are known, without asking the planner.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use super::choose::{LEAST_GAIN, LEAST_GAIN_OF_ONE, WELL, Weighing};
use super::ways::{Members, Ways};

/// By which power of an index's bytes its gain is divided: what gains most for its bytes is not always where
/// the best set begins.
const POWERS: [f64; 3] = [1.0, 0.5, 0.0];

/// How often one search grows, exchanges and shrinks again.
const SWEEPS: usize = 4;

/// How many sets are tried that are of use together.
const MOST_TOGETHER: usize = 400;

/// What a statement costs with what is chosen.
#[derive(Clone, Copy, Debug, Default)]
struct Now {
    cost: f64,
    worth: f64,
}

/// A set on the way to the best one.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    pub(crate) chosen: BTreeSet<usize>,
    now: Vec<Now>,
    /// What the workload costs, writers included.
    pub(crate) total: f64,
}

/// What a set gains over another.
struct Step {
    chosen: BTreeSet<usize>,
    changed: Vec<(usize, Now)>,
    gain: f64,
    bytes: f64,
}

pub(crate) struct Sketch<'a> {
    weighing: &'a Weighing<'a>,
    ways: &'a Ways,
    deadline: Instant,
    /// Of each candidate, the statements that have a way with it.
    concerned: BTreeMap<usize, Vec<usize>>,
    /// What may be added: single candidates, and those that a way uses together.
    offers: Vec<Vec<usize>>,
}

impl<'a> Sketch<'a> {
    pub(crate) fn new(
        weighing: &'a Weighing<'a>,
        ways: &'a Ways,
        allowed: &BTreeSet<usize>,
        deadline: Instant,
    ) -> Self {
        let mut concerned: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        let mut together: BTreeSet<&[usize]> = BTreeSet::new();
        for statement in 0..weighing.statements {
            let mut seen = BTreeSet::new();
            for way in ways.of(statement) {
                if !way.used.iter().all(|it| allowed.contains(it)) {
                    continue;
                }
                seen.extend(way.used.iter().copied());
                if way.used.len() > 1 && together.len() < MOST_TOGETHER {
                    together.insert(&way.used);
                }
            }
            for candidate in seen {
                concerned.entry(candidate).or_default().push(statement);
            }
        }
        let mut offers: Vec<Vec<usize>> = concerned.keys().map(|it| vec![*it]).collect();
        offers.extend(together.into_iter().map(<[usize]>::to_vec));
        Self { weighing, ways, deadline, concerned, offers }
    }

    /// Searches from what is chosen, and from nothing where that is wanted.
    pub(crate) fn best(&self, from: &BTreeSet<usize>, from_nothing: bool) -> State {
        let mut best = self.searched(from, POWERS[0]);
        if !from_nothing {
            return best;
        }
        for power in POWERS {
            let found = self.searched(&BTreeSet::new(), power);
            if found.total < best.total * (1.0 - LEAST_GAIN) {
                best = found;
            }
        }
        self.without_each(best)
    }

    /// Searches again without each of the chosen ones: what was taken first is not always what is best.
    fn without_each(&self, mut best: State) -> State {
        for out in best.chosen.clone() {
            if self.is_late() {
                break;
            }
            let mut state = best.clone();
            let mut chosen = state.chosen.clone();
            if !chosen.remove(&out) {
                continue;
            }
            let step = self.step(&state, chosen);
            self.take(&mut state, step);
            self.grow(&mut state, POWERS[0], Some(out));
            self.swap(&mut state);
            self.shrink(&mut state);
            self.narrow(&mut state);
            if state.total < best.total * (1.0 - LEAST_GAIN) {
                best = state;
            }
        }
        best
    }

    fn searched(&self, from: &BTreeSet<usize>, power: f64) -> State {
        let mut state = self.state(from);
        self.fit(&mut state);
        for _ in 0..SWEEPS {
            let before = state.total;
            self.grow(&mut state, power, None);
            self.swap(&mut state);
            self.shrink(&mut state);
            self.narrow(&mut state);
            if state.total >= before || self.is_late() {
                break;
            }
        }
        state
    }

    /// Returns what a set costs by what is known.
    pub(crate) fn state(&self, chosen: &BTreeSet<usize>) -> State {
        let members = Members::of(chosen);
        let now: Vec<Now> =
            (0..self.weighing.statements).map(|it| self.now(it, &members)).collect();
        let read: f64 = now.iter().map(|it| it.worth).sum();
        State { chosen: chosen.clone(), now, total: read + self.weighing.writes(chosen) }
    }

    /// Whether a candidate would be chosen if only it had room.
    pub(crate) fn is_wanted(&self, state: &State, candidate: usize) -> bool {
        let step = self.step(state, self.weighing.with(&state.chosen, &[candidate]));
        step.bytes > self.weighing.budget
            && step.gain >= state.total * LEAST_GAIN
            && helps_one(state, &step)
    }

    fn is_late(&self) -> bool {
        Instant::now() >= self.deadline
    }

    fn now(&self, statement: usize, members: &Members) -> Now {
        let way = self.ways.cheapest(statement, members);
        way.map_or_else(Now::default, |way| Now {
            cost: way.cost,
            worth: self.weighing.worth.of(statement, way),
        })
    }

    fn step(&self, state: &State, chosen: BTreeSet<usize>) -> Step {
        let members = Members::of(&chosen);
        let mut statements: BTreeSet<usize> = BTreeSet::new();
        for candidate in chosen.symmetric_difference(&state.chosen) {
            statements.extend(self.concerned.get(candidate).into_iter().flatten());
        }
        let mut gain = self.weighing.writes(&state.chosen) - self.weighing.writes(&chosen);
        let mut changed = Vec::with_capacity(statements.len());
        for statement in statements {
            let now = self.now(statement, &members);
            gain += state.now.get(statement).map_or(0.0, |known| known.worth) - now.worth;
            changed.push((statement, now));
        }
        let bytes = self.weighing.bytes(&chosen);
        Step { chosen, changed, gain, bytes }
    }

    fn take(&self, state: &mut State, step: Step) {
        for (statement, now) in step.changed {
            if let Some(known) = state.now.get_mut(statement) {
                *known = now;
            }
        }
        state.total -= step.gain;
        state.chosen = step.chosen;
    }

    /// Gives up what is worth least for its bytes until all have room.
    fn fit(&self, state: &mut State) {
        while self.weighing.bytes(&state.chosen) > self.weighing.budget {
            let mut least: Option<(f64, Step)> = None;
            for candidate in &state.chosen {
                let mut chosen = state.chosen.clone();
                chosen.remove(candidate);
                let step = self.step(state, chosen);
                let lost = -step.gain / self.weighing.bytes_of(*candidate).max(1.0);
                if least.as_ref().is_none_or(|(known, _)| lost < *known) {
                    least = Some((lost, step));
                }
            }
            let Some((_, step)) = least else { break };
            self.take(state, step);
        }
    }

    /// Adds what gains most for its bytes until nothing is worth it.
    fn grow(&self, state: &mut State, power: f64, without: Option<usize>) {
        let mut hopes: Vec<f64> = self.offers.iter().map(|_| f64::INFINITY).collect();
        if let Some(without) = without {
            for (offer, hope) in self.offers.iter().zip(&mut hopes) {
                if offer.contains(&without) {
                    *hope = 0.0;
                }
            }
        }
        while !self.is_late() {
            let Some(step) = self.growth(state, power, &mut hopes) else { break };
            self.take(state, step);
        }
    }

    /// Returns the set after the one step that gains most for its bytes.
    pub(crate) fn next(&self, state: &State) -> Option<BTreeSet<usize>> {
        let mut hopes: Vec<f64> = self.offers.iter().map(|_| f64::INFINITY).collect();
        self.growth(state, POWERS[0], &mut hopes).map(|step| step.chosen)
    }

    /// Finds what gains most for its bytes. What an offer gained before is taken for as much as it can gain
    /// now, so that only the best few are looked at again.
    fn growth(&self, state: &State, power: f64, hopes: &mut [f64]) -> Option<Step> {
        let least = state.total * LEAST_GAIN;
        let mut order: Vec<(usize, f64)> = hopes.iter().copied().enumerate().collect();
        order.sort_by(|(_, one), (_, other)| other.total_cmp(one));
        let mut best: Option<(f64, Step)> = None;
        for (place, hope) in order {
            let best_ratio = best.as_ref().map_or(0.0, |(ratio, _)| *ratio);
            if best_ratio > hope || hope <= 0.0 {
                break;
            }
            let Some(offer) = self.offers.get(place) else { continue };
            let step = self.step(state, self.weighing.with(&state.chosen, offer));
            let ratio = step.gain / self.weighing.price(&state.chosen, step.bytes).powf(power);
            if let Some(hope) = hopes.get_mut(place) {
                *hope = ratio;
            }
            // Of two that promise as much, the smaller.
            let is_smaller = best.as_ref().is_some_and(|(_, known)| step.bytes < known.bytes);
            if (ratio > best_ratio || (ratio == best_ratio && is_smaller))
                && step.bytes <= self.weighing.budget
                && step.gain >= least
                && helps_one(state, &step)
            {
                best = Some((ratio, step));
            }
        }
        best.map(|(_, step)| step)
    }

    /// Exchanges one for others where that costs less within the budget.
    fn swap(&self, state: &mut State) {
        let mut has_changed = true;
        while has_changed {
            has_changed = false;
            for out in state.chosen.clone() {
                if !state.chosen.contains(&out) {
                    continue;
                }
                if self.is_late() {
                    return;
                }
                if let Some(step) = self.exchange(state, out) {
                    self.take(state, step);
                    has_changed = true;
                }
            }
        }
    }

    fn exchange(&self, state: &State, out: usize) -> Option<Step> {
        let least = state.total * LEAST_GAIN;
        let now = self.weighing.bytes(&state.chosen);
        let mut rest = state.chosen.clone();
        rest.remove(&out);
        let mut best: Option<Step> = None;
        for offer in &self.offers {
            let bytes: f64 = offer.iter().map(|it| self.weighing.bytes_of(*it)).sum();
            // What has room beside it is added, not exchanged, unless both are of one table.
            let is_of_use = now + bytes > self.weighing.budget
                || offer.iter().any(|it| self.weighing.share_a_table(out, *it));
            if !is_of_use || offer.contains(&out) {
                continue;
            }
            let step = self.step(state, self.weighing.with(&rest, offer));
            if step.bytes <= self.weighing.budget
                && step.gain >= least
                && best.as_ref().is_none_or(|known| step.gain > known.gain)
                // More bytes must be worth it to somebody.
                && (step.bytes <= now || helps_one(state, &step))
            {
                best = Some(step);
            }
        }
        best.filter(|step| step.gain > 0.0 && step.chosen != state.chosen)
    }

    /// Gives up what the others have made needless, the largest first.
    fn shrink(&self, state: &mut State) {
        let mut largest: Vec<usize> = state.chosen.iter().copied().collect();
        let bytes = |it: &usize| self.weighing.bytes_of(*it);
        largest.sort_by(|one, other| bytes(other).total_cmp(&bytes(one)));
        for candidate in largest {
            let mut chosen = state.chosen.clone();
            chosen.remove(&candidate);
            let is_needless = self.weighing.is_needless(candidate, &chosen);
            let step = self.step(state, chosen);
            if is_needless || -step.gain < state.total * LEAST_GAIN || !hurts_one(state, &step) {
                self.take(state, step);
            }
        }
    }

    /// Returns what the least worthy of the chosen ones gains for a byte.
    fn least_rate(&self, state: &State) -> f64 {
        let rates = state.chosen.iter().map(|candidate| {
            let mut rest = state.chosen.clone();
            rest.remove(candidate);
            -self.step(state, rest).gain / self.weighing.bytes_of(*candidate).max(1.0)
        });
        rates.fold(f64::INFINITY, f64::min).max(0.0)
    }

    /// Takes a smaller one in the place of another where nobody minds: more bytes must be worth it to
    /// somebody, and more so than those of the index that is worth least for its bytes.
    fn narrow(&self, state: &mut State) {
        let rate = self.least_rate(state);
        for out in state.chosen.clone() {
            if self.is_late() {
                return;
            }
            let mut rest = state.chosen.clone();
            rest.remove(&out);
            let bytes = self.weighing.bytes_of(out);
            let smaller = self.offers.iter().filter_map(|offer| match offer.as_slice() {
                [one] if self.weighing.share_a_table(out, *one) => Some(*one),
                _ => None,
            });
            let mut best: Option<Step> = None;
            for one in smaller.filter(|one| self.weighing.bytes_of(*one) < bytes) {
                let step = self.step(state, self.weighing.with(&rest, &[one]));
                let is_best = best.as_ref().is_none_or(|known| step.gain > known.gain);
                let saved = bytes - self.weighing.bytes_of(one);
                if is_best && -step.gain <= rate * saved && !hurts_one(state, &step) {
                    best = Some(step);
                }
            }
            if let Some(step) = best {
                self.take(state, step);
            }
        }
    }
}

/// Whether a statement that is not well gets noticeably better.
fn helps_one(state: &State, step: &Step) -> bool {
    step.changed.iter().any(|(statement, after)| {
        let known = state.now.get(*statement).copied().unwrap_or_default();
        known.cost > WELL && known.worth - after.worth >= known.worth * LEAST_GAIN_OF_ONE
    })
}

/// Whether a statement that is not well gets noticeably worse.
fn hurts_one(state: &State, step: &Step) -> bool {
    step.changed.iter().any(|(statement, after)| {
        let known = state.now.get(*statement).copied().unwrap_or_default();
        after.cost > WELL && after.worth - known.worth >= after.worth * LEAST_GAIN_OF_ONE
    })
}
