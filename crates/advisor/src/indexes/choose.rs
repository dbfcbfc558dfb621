//! Chooses among candidates: what lowers the workload's cost most for its bytes, within a budget.
//!
//! The search itself goes in memory, by what is known of ways to plan. The planner is asked about what it
//! finds; what it answers is known from then on, and the search goes on until that changes nothing. The time
//! that is left goes to candidates beside the chosen ones of which little is known.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::Index;
use super::catalog::Catalog;
use super::costs::Costs;
use super::error::AdviceError;
use super::sketch::{Sketch, State};
use super::ways::Members;
use super::worth::Worth;

/// An index must lower the whole workload's cost by this share …
pub(crate) const LEAST_GAIN: f64 = 0.002;

/// … and that of one statement by this one.
pub(crate) const LEAST_GAIN_OF_ONE: f64 = 0.1;

/// A statement below this cost, some ten milliseconds, is well as it is.
pub(crate) const WELL: f64 = 300.0;

/// Bytes below this share of the budget are as good as none: a few of them must not decide between an index
/// and a better one.
const FREE_SHARE: f64 = 0.02;

/// What an entry costs whoever writes a row, in the planner's units: about two microseconds.
const WRITE_COST: f64 = 0.3;

/// After so many candidates that gain, the search goes on before more are asked about.
const FOUND_AT_ONCE: usize = 16;

/// How long a search in memory may take when the time to ask is over.
const IN_MEMORY: Duration = Duration::from_millis(500);

/// What is weighed when choosing.
pub(crate) struct Weighing<'a> {
    pub(crate) candidates: &'a [Index],
    pub(crate) catalog: &'a Catalog,
    /// Bytes of each candidate.
    pub(crate) bytes: &'a [f64],
    pub(crate) worth: &'a Worth,
    /// How many statements there are.
    pub(crate) statements: usize,
    pub(crate) budget: f64,
    /// All candidates, whether they are allowed or not.
    pub(crate) picked: &'a BTreeSet<usize>,
    /// What was chosen the time before.
    pub(crate) before: &'a BTreeSet<usize>,
    /// Whether weights are runs since the server began to count, so that written rows compare with them.
    pub(crate) counts_writes: bool,
}

impl Weighing<'_> {
    pub(crate) fn bytes(&self, set: &BTreeSet<usize>) -> f64 {
        set.iter().map(|candidate| self.bytes_of(*candidate)).sum()
    }

    pub(crate) fn bytes_of(&self, candidate: usize) -> f64 {
        self.bytes.get(candidate).copied().unwrap_or_default()
    }

    /// Returns what writers pay for a set.
    pub(crate) fn writes(&self, set: &BTreeSet<usize>) -> f64 {
        if !self.counts_writes {
            return 0.0;
        }
        let written = |place: &usize| {
            let index = self.candidates.get(*place)?;
            Some(self.catalog.named(&index.table)?.written)
        };
        set.iter().filter_map(written).sum::<f64>() * WRITE_COST * self.worth.unit()
    }

    /// Returns the bytes that a set has more than what is chosen, and what is free besides.
    pub(crate) fn price(&self, chosen: &BTreeSet<usize>, bytes: f64) -> f64 {
        let free = (self.budget * FREE_SHARE).max(8_192.0);
        free + (bytes - self.bytes(chosen)).max(0.0)
    }

    /// Returns what is chosen with some candidates more, without those that they make needless.
    pub(crate) fn with(&self, chosen: &BTreeSet<usize>, more: &[usize]) -> BTreeSet<usize> {
        let mut set = chosen.clone();
        for index in more.iter().filter_map(|place| self.candidates.get(*place)) {
            set.retain(|known| {
                !self.candidates.get(*known).is_some_and(|known| index.makes_needless(known))
            });
        }
        set.extend(more);
        set
    }

    pub(crate) fn share_a_table(&self, one: usize, other: usize) -> bool {
        let table = |place: usize| self.candidates.get(place).map(|index| &index.table);
        table(one) == table(other)
    }

    /// Whether one of a set serves whatever a candidate does.
    pub(crate) fn is_needless(&self, candidate: usize, set: &BTreeSet<usize>) -> bool {
        let get = |place: &usize| self.candidates.get(*place);
        get(&candidate)
            .is_some_and(|index| set.iter().filter_map(get).any(|it| it.makes_needless(index)))
    }
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
    // With any of all candidates a statement costs no less than with all, and no more than with none.
    confirm(costs, weighing, &BTreeSet::new()).await?;
    for statement in 0..weighing.statements {
        costs.cost(statement, weighing.picked, weighing.candidates, weighing.catalog).await?;
    }
    let mut best: BTreeSet<usize> = weighing.before.intersection(allowed).copied().collect();
    if best.is_empty() {
        best = ascend(costs, weighing, allowed).await?;
    }
    confirm(costs, weighing, &best).await?;
    let mut from_nothing = true;
    loop {
        let asked = costs.calls();
        let found = sketch(costs, weighing, allowed).best(&best, from_nothing).chosen;
        from_nothing = false;
        confirm(costs, weighing, &found).await?;
        // What could not all be asked about is no better than what was.
        if costs.is_over() && !best.is_empty() {
            break;
        }
        let sketch = sketch(costs, weighing, allowed);
        let known = sketch.state(&best);
        let fits = weighing.bytes(&best) <= weighing.budget;
        let is_better = found != best && (!fits || sketch.state(&found).total < known.total);
        if is_better {
            best = found;
        }
        if costs.is_late() {
            break;
        }
        if is_better || costs.calls() > asked {
            continue;
        }
        if !look_around(costs, weighing, allowed, &known, false).await? {
            break;
        }
        // With what was learned, another set may be the best one altogether.
        from_nothing = true;
    }
    let sketch = sketch(costs, weighing, allowed);
    let state = sketch.state(&best);
    let left = allowed.iter().filter(|it| !best.contains(it));
    let too_large = left.copied().filter(|it| sketch.is_wanted(&state, *it)).collect();
    Ok(Choice { chosen: best, too_large, is_cut_short: costs.is_late() })
}

/// Goes from nothing to a first set, one step after the other, each of them asked about: what is chosen in
/// memory is as good as what is known.
async fn ascend(
    costs: &mut Costs<'_>,
    weighing: &Weighing<'_>,
    allowed: &BTreeSet<usize>,
) -> Result<BTreeSet<usize>, AdviceError> {
    // The rest of the time is for looking whether another set is better.
    let end = Instant::now() + costs.deadline().saturating_duration_since(Instant::now()) / 2;
    let mut chosen = BTreeSet::new();
    while Instant::now() < end {
        let state = sketch(costs, weighing, allowed).state(&chosen);
        look_around(costs, weighing, allowed, &state, true).await?;
        let sketch = sketch(costs, weighing, allowed);
        let Some(next) = sketch.next(&sketch.state(&chosen)) else { break };
        if next == chosen {
            break;
        }
        chosen = next;
        confirm(costs, weighing, &chosen).await?;
    }
    Ok(chosen)
}

fn sketch<'a>(
    costs: &'a Costs<'_>,
    weighing: &'a Weighing<'a>,
    allowed: &BTreeSet<usize>,
) -> Sketch<'a> {
    // What is known is worth a choice even when no more can be asked.
    let deadline = costs.deadline().max(Instant::now() + IN_MEMORY);
    Sketch::new(weighing, costs.ways(), allowed, deadline)
}

/// Asks what a set costs each statement.
async fn confirm(
    costs: &mut Costs<'_>,
    weighing: &Weighing<'_>,
    set: &BTreeSet<usize>,
) -> Result<(), AdviceError> {
    costs.weighed(set);
    for statement in 0..weighing.statements {
        costs.cost(statement, set, weighing.candidates, weighing.catalog).await?;
    }
    Ok(())
}

/// A candidate beside the chosen ones, and what it may gain at most.
struct Hope {
    set: BTreeSet<usize>,
    candidate: usize,
    /// What each statement may gain, the most first.
    statements: Vec<(usize, f64)>,
    most: f64,
    ratio: f64,
}

/// Asks about single candidates beside the chosen ones, those first that can gain most for their bytes.
/// For a single step no more are asked about once none can gain more than the best so far. Answers whether
/// anything was asked that was not known.
async fn look_around(
    costs: &mut Costs<'_>,
    weighing: &Weighing<'_>,
    allowed: &BTreeSet<usize>,
    state: &State,
    for_a_step: bool,
) -> Result<bool, AdviceError> {
    let wanted = state.total * LEAST_GAIN;
    let now = worths(costs, weighing, &state.chosen);
    let mut hopes: Vec<Hope> = allowed
        .difference(&state.chosen)
        .filter_map(|candidate| hope(costs, weighing, state, (*candidate, &now)))
        .filter(|hope| hope.most >= wanted)
        .collect();
    hopes.sort_by(|one, other| other.ratio.total_cmp(&one.ratio));
    let before = costs.calls();
    let mut found = 0;
    let mut best_ratio = 0.0_f64;
    for hope in hopes {
        if for_a_step && hope.ratio < best_ratio {
            break;
        }
        let mut at_most = hope.most;
        let asked = costs.calls();
        costs.weighed(&BTreeSet::from([hope.candidate]));
        for (statement, most) in &hope.statements {
            if costs.is_late() {
                return Ok(costs.calls() > before);
            }
            if at_most < wanted {
                break;
            }
            let Weighing { candidates, catalog, .. } = *weighing;
            costs.cost(*statement, &hope.set, candidates, catalog).await?;
            let known = now.get(*statement).copied().unwrap_or_default();
            at_most += known - worth(costs, weighing, *statement, &Members::of(&hope.set)) - most;
        }
        if at_most >= wanted && costs.calls() > asked {
            found += 1;
        }
        if at_most >= wanted {
            best_ratio = best_ratio.max(hope.ratio * at_most / hope.most.max(1.0));
        }
        if !for_a_step && found >= FOUND_AT_ONCE {
            break;
        }
    }
    Ok(costs.calls() > before)
}

fn hope(
    costs: &Costs<'_>,
    weighing: &Weighing<'_>,
    state: &State,
    (candidate, now): (usize, &[f64]),
) -> Option<Hope> {
    let set = with_room(weighing, &state.chosen, candidate)?;
    let bytes = weighing.bytes(&set);
    let index = weighing.candidates.get(candidate)?;
    let mut statements: Vec<(usize, f64)> = now
        .iter()
        .enumerate()
        .filter(|(statement, _)| costs.concerns(index, *statement))
        .map(|(statement, now)| {
            let least = costs.least(statement, &set, weighing.candidates);
            (statement, (now - weighing.worth.at_cost(statement, least)).max(0.0))
        })
        .filter(|(_, most)| *most > 0.0)
        .collect();
    statements.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    let written = weighing.writes(&state.chosen) - weighing.writes(&set);
    let most = statements.iter().map(|(_, most)| most).sum::<f64>() + written;
    let ratio = most / weighing.price(&state.chosen, bytes);
    Some(Hope { set, candidate, statements, most, ratio })
}

/// Returns what is chosen with a candidate more. Where that has no room, others of its table go, the largest
/// first: what it can do in their place is what is to be known.
fn with_room(
    weighing: &Weighing<'_>,
    chosen: &BTreeSet<usize>,
    candidate: usize,
) -> Option<BTreeSet<usize>> {
    let mut set = weighing.with(chosen, &[candidate]);
    while weighing.bytes(&set) > weighing.budget {
        let others = set.iter().copied().filter(|other| *other != candidate);
        let same = others.filter(|other| weighing.share_a_table(candidate, *other));
        let bytes = |place: &usize| weighing.bytes_of(*place);
        let largest = same.max_by(|one, other| bytes(one).total_cmp(&bytes(other)))?;
        set.remove(&largest);
    }
    Some(set)
}

fn worths(costs: &Costs<'_>, weighing: &Weighing<'_>, set: &BTreeSet<usize>) -> Vec<f64> {
    let members = Members::of(set);
    (0..weighing.statements).map(|it| worth(costs, weighing, it, &members)).collect()
}

fn worth(costs: &Costs<'_>, weighing: &Weighing<'_>, statement: usize, set: &Members) -> f64 {
    let way = costs.ways().cheapest(statement, set);
    way.map_or(0.0, |way| weighing.worth.of(statement, way))
}
