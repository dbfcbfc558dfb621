//! Ways in which statements were found to be planned, from which the costs of sets follow that nobody asked
//! about.
//!
//! A planner that has more indexes to pick from finds no dearer plan. So a statement costs at most what the
//! cheapest known way costs whose indexes are all in a set, and at least what it was found to cost under a
//! larger set. A search in memory goes by the first, and asks the planner about what it found.

use std::collections::{BTreeMap, BTreeSet};

use super::what_if::Costed;

/// How many guesses one way gives at most.
const MOST_GUESSES: usize = 48;

/// How many ways of one statement are kept at most.
const MOST_WAYS: usize = 600;

/// A way to plan a statement.
#[derive(Clone, Debug)]
pub(crate) struct Way {
    /// The indexes that it uses, in their order.
    pub(crate) used: Vec<usize>,
    pub(crate) cost: f64,
    /// Whether it was never asked about: it is a known way with a wider index in the place of another.
    is_guess: bool,
}

impl Way {
    /// Makes one that the planner said.
    pub(crate) const fn asked(used: Vec<usize>, cost: f64) -> Self {
        Self { used, cost, is_guess: false }
    }

    fn is_there(&self, set: &Members) -> bool {
        self.used.iter().all(|candidate| set.has(*candidate))
    }
}

/// A set of candidates to look things up in quickly.
#[derive(Clone, Debug, Default)]
pub(crate) struct Members(Vec<u64>);

impl Members {
    pub(crate) fn of<'p>(places: impl IntoIterator<Item = &'p usize>) -> Self {
        let mut words: Vec<u64> = Vec::new();
        for place in places {
            if words.len() <= place / 64 {
                words.resize(place / 64 + 1, 0);
            }
            if let Some(word) = words.get_mut(place / 64) {
                *word |= 1 << (place % 64);
            }
        }
        Self(words)
    }

    pub(crate) fn has(&self, place: usize) -> bool {
        self.0.get(place / 64).is_some_and(|word| word & (1 << (place % 64)) != 0)
    }
}

/// What was asked.
#[derive(Debug)]
struct Known {
    set: BTreeSet<usize>,
    members: Members,
    costed: Costed,
}

/// A candidate that serves whatever another one does, and what reading it costs more at most.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wider {
    pub(crate) place: usize,
    pub(crate) extra: f64,
}

/// The ways of all statements.
#[derive(Debug, Default)]
pub(crate) struct Ways {
    /// Of each statement, the cheapest first.
    of: Vec<Vec<Way>>,
    asked: Vec<Vec<Known>>,
    /// Sets with which the planner refused to plan a statement.
    refused: BTreeSet<(usize, BTreeSet<usize>)>,
    wider: BTreeMap<usize, Vec<Wider>>,
}

impl Ways {
    pub(crate) fn new(statements: usize) -> Self {
        Self {
            of: (0..statements).map(|_| Vec::new()).collect(),
            asked: (0..statements).map(|_| Vec::new()).collect(),
            refused: BTreeSet::new(),
            wider: BTreeMap::new(),
        }
    }

    /// Returns the ways of a statement, the cheapest first.
    pub(crate) fn of(&self, statement: usize) -> &[Way] {
        self.of.get(statement).map(Vec::as_slice).unwrap_or_default()
    }

    /// Returns the cheapest known way of a statement that needs nothing but what is in a set.
    pub(crate) fn cheapest(&self, statement: usize, set: &Members) -> Option<&Way> {
        self.of(statement).iter().find(|way| way.is_there(set))
    }

    /// Returns the least that a statement can cost with a set.
    pub(crate) fn least<'s>(
        &self,
        statement: usize,
        set: impl Iterator<Item = &'s usize> + Clone,
    ) -> f64 {
        let asked = self.asked.get(statement).map(Vec::as_slice).unwrap_or_default();
        let is_larger = |known: &&Known| set.clone().all(|place| known.members.has(*place));
        let larger = asked.iter().filter(is_larger);
        larger.map(|known| known.costed.cost).fold(0.0, f64::max)
    }

    /// Returns what the planner would say of a set, where that follows from what it said: its choice among
    /// fewer indexes is the same as long as those that it uses are there.
    pub(crate) fn find(&self, statement: usize, set: &BTreeSet<usize>) -> Option<Costed> {
        let answers =
            |known: &&Known| known.costed.used.is_subset(set) && set.is_subset(&known.set);
        let asked = self.asked.get(statement)?;
        asked.iter().rev().find(answers).map(|known| known.costed.clone())
    }

    /// Takes note that the planner refused to plan a statement with a set. That says nothing of any other
    /// set: larger and smaller ones may still be asked about.
    pub(crate) fn refuse(&mut self, statement: usize, set: BTreeSet<usize>) {
        self.refused.insert((statement, set));
    }

    /// Whether the planner refused to plan a statement with exactly this set.
    pub(crate) fn was_refused(&self, statement: usize, set: &BTreeSet<usize>) -> bool {
        self.refused.contains(&(statement, set.clone()))
    }

    /// Returns the cheapest way that the planner itself said and that needs nothing but what is in a set.
    pub(crate) fn said(&self, statement: usize, set: &BTreeSet<usize>) -> Option<Costed> {
        let members = Members::of(set);
        let way = self.of(statement).iter().find(|way| !way.is_guess && way.is_there(&members))?;
        Some(Costed { cost: way.cost, used: way.used.iter().copied().collect() })
    }

    /// Takes note of what the planner said of a set.
    pub(crate) fn note(&mut self, statement: usize, set: BTreeSet<usize>, costed: Costed) {
        let members = Members::of(&set);
        if let Some(ways) = self.of.get_mut(statement) {
            // What was guessed to be cheaper under this very set is not.
            for way in ways.iter_mut().filter(|way| way.is_guess && way.cost < costed.cost) {
                if way.is_there(&members) {
                    way.cost = costed.cost;
                }
            }
            let way = Way::asked(costed.used.iter().copied().collect(), costed.cost);
            let is_new = match ways.iter_mut().find(|known| known.used == way.used) {
                Some(known) if known.is_guess || way.cost < known.cost => {
                    *known = way.clone();
                    true
                }
                Some(_) => false,
                None => {
                    ways.push(way.clone());
                    true
                }
            };
            if is_new {
                self.guess(statement, &way);
            }
        }
        if let Some(asked) = self.asked.get_mut(statement) {
            asked.push(Known { set, members, costed });
        }
        self.sort(statement);
    }

    /// Takes note of which candidates can stand in for which, and guesses again.
    pub(crate) fn widen(&mut self, wider: BTreeMap<usize, Vec<Wider>>) {
        self.wider = wider;
        for statement in 0..self.of.len() {
            let real: Vec<Way> =
                self.of(statement).iter().filter(|way| !way.is_guess).cloned().collect();
            for way in real {
                self.guess(statement, &way);
            }
            self.sort(statement);
        }
    }

    /// Guesses what a way costs with wider indexes in the place of those that it uses.
    fn guess(&mut self, statement: usize, way: &Way) {
        let mut found = vec![(Vec::new(), way.cost)];
        for candidate in &way.used {
            let mut next: Vec<(Vec<usize>, f64)> = Vec::new();
            let others = self.wider.get(candidate).map(Vec::as_slice).unwrap_or_default();
            for (used, cost) in &found {
                let itself = Wider { place: *candidate, extra: 0.0 };
                for one in std::iter::once(&itself).chain(others) {
                    let mut used: Vec<usize> = used.clone();
                    used.push(one.place);
                    next.push((used, cost + one.extra));
                }
            }
            next.sort_by(|(_, one), (_, other)| one.total_cmp(other));
            next.truncate(MOST_GUESSES);
            found = next;
        }
        for (mut used, cost) in found {
            used.sort_unstable();
            used.dedup();
            if used == way.used {
                continue;
            }
            let cost = cost.max(self.least(statement, used.iter()));
            // What a known way does with as little is no news.
            let members = Members::of(&used);
            let mut ways = self.of(statement).iter();
            if ways.any(|known| known.is_there(&members) && known.cost <= cost) {
                continue;
            }
            if let Some(ways) = self.of.get_mut(statement) {
                match ways.iter_mut().find(|known| known.used == used) {
                    Some(known) if known.is_guess => known.cost = cost,
                    Some(_) => {}
                    None => ways.push(Way { used, cost, is_guess: true }),
                }
            }
        }
    }

    fn sort(&mut self, statement: usize) {
        let Some(ways) = self.of.get_mut(statement) else { return };
        ways.sort_by(|one, other| {
            one.cost.total_cmp(&other.cost).then(one.is_guess.cmp(&other.is_guess))
        });
        let mut guesses = ways.len().saturating_sub(MOST_WAYS);
        // The dearest guesses go first; what was asked stays.
        let mut kept = Vec::with_capacity(ways.len());
        for way in ways.drain(..).rev() {
            if way.is_guess && guesses > 0 {
                guesses -= 1;
            } else {
                kept.push(way);
            }
        }
        kept.reverse();
        *ways = kept;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(places: &[usize]) -> BTreeSet<usize> {
        places.iter().copied().collect()
    }

    fn costed(cost: f64, used: &[usize]) -> Costed {
        Costed { cost, used: set(used) }
    }

    fn ways() -> Ways {
        let mut ways = Ways::new(1);
        ways.note(0, set(&[]), costed(100.0, &[]));
        ways.note(0, set(&[1, 2, 3]), costed(10.0, &[1]));
        ways.note(0, set(&[2, 3]), costed(40.0, &[2, 3]));
        ways
    }

    #[test]
    fn a_set_costs_at_most_what_a_part_of_it_does_and_at_least_what_the_whole_does() {
        let ways = ways();
        let most = |places: &[usize]| ways.cheapest(0, &Members::of(places)).unwrap().cost;
        assert_eq!(most(&[]), 100.0);
        assert_eq!(most(&[2]), 100.0);
        assert_eq!(most(&[2, 3, 4]), 40.0);
        assert_eq!(most(&[1, 4]), 10.0);
        assert_eq!(ways.least(0, [2].iter()), 40.0);
        assert_eq!(ways.least(0, [1].iter()), 10.0);
        assert_eq!(ways.least(0, [4].iter()), 0.0, "of four nothing is known");
    }

    #[test]
    fn a_set_that_the_planner_refused_bounds_no_other() {
        let mut ways = Ways::new(1);
        ways.note(0, set(&[]), costed(100.0, &[]));
        ways.refuse(0, set(&[1, 2]));
        assert!(ways.was_refused(0, &set(&[1, 2])) && !ways.was_refused(0, &set(&[1])));
        assert_eq!(ways.find(0, &set(&[1])), None, "a part of it is still to be asked about");
        assert_eq!(ways.least(0, [1].iter()), 0.0);
        ways.note(0, set(&[1]), costed(10.0, &[1]));
        assert_eq!(ways.cheapest(0, &Members::of(&[1, 3])).unwrap().cost, 10.0);
    }

    #[test]
    fn what_the_planner_said_is_told_apart_from_guesses() {
        let mut ways = ways();
        ways.widen([(1, vec![Wider { place: 5, extra: 2.0 }])].into());
        assert_eq!(ways.said(0, &set(&[5])).unwrap(), costed(100.0, &[]));
        assert_eq!(ways.said(0, &set(&[1, 5])).unwrap(), costed(10.0, &[1]));
    }

    #[test]
    fn between_what_was_used_and_what_was_there_the_answer_is_known() {
        let ways = ways();
        assert_eq!(ways.find(0, &set(&[1, 3])).unwrap().cost, 10.0);
        assert_eq!(ways.find(0, &set(&[2])), None);
        assert_eq!(ways.find(0, &set(&[1, 4])), None, "four was never there");
    }

    #[test]
    fn a_wider_index_is_guessed_to_serve_until_the_planner_says_otherwise() {
        let mut ways = ways();
        ways.widen([(1, vec![Wider { place: 5, extra: 2.0 }])].into());
        assert_eq!(ways.cheapest(0, &Members::of(&[5])).unwrap().cost, 12.0);
        ways.note(0, set(&[5]), costed(60.0, &[5]));
        assert_eq!(ways.cheapest(0, &Members::of(&[5])).unwrap().cost, 60.0);
        // It is not guessed again below what was said.
        ways.note(0, set(&[1, 6]), costed(9.0, &[1]));
        assert_eq!(ways.cheapest(0, &Members::of(&[5])).unwrap().cost, 60.0);
    }

    #[test]
    fn a_guess_beside_another_index_is_no_cheaper_than_what_was_said_of_both() {
        let mut ways = Ways::new(1);
        ways.widen([(1, vec![Wider { place: 5, extra: 2.0 }])].into());
        ways.note(0, set(&[]), costed(100.0, &[]));
        ways.note(0, set(&[5, 7]), costed(30.0, &[5]));
        ways.note(0, set(&[1, 7]), costed(10.0, &[1, 7]));
        assert_eq!(ways.cheapest(0, &Members::of(&[5, 7])).unwrap().cost, 30.0);
    }
}
