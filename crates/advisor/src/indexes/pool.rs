//! Which candidates are worth weighing: those that the planner picks when it has all to pick from.

use std::collections::{BTreeMap, BTreeSet};

use super::Index;
use super::catalog::Catalog;
use super::costs::Costs;
use super::error::AdviceError;
use super::rules::{Rejected, refused};

/// How often the planner is asked again without what it picked before.
const ROUNDS: usize = 3;

/// How many candidates are weighed at most.
const MOST: usize = 400;

/// How often indexes that were made one are made one with others.
const MERGES: usize = 3;

/// How many candidates are there at once while the planner picks: more make planning slow.
const AT_ONCE: usize = 60;

/// Candidates with those that proposed them.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    pub(crate) candidates: Vec<Index>,
    pub(crate) rejected: Vec<Rejected>,
    /// Whether time ran out before the planner had picked for all statements.
    pub(crate) is_cut_short: bool,
    places: BTreeMap<Index, usize>,
}

impl Pool {
    /// Returns the place of an index, taking it in.
    fn place(&mut self, index: Index) -> usize {
        let next = self.candidates.len();
        let place = *self.places.entry(index.clone()).or_insert(next);
        if place == next {
            self.candidates.push(index);
        }
        place
    }

    /// Takes in what statements proposed, unless a rule of the house speaks against it. Answers the places
    /// of each statement's own.
    pub(crate) fn admit(
        &mut self,
        proposed: Vec<BTreeSet<Index>>,
        catalog: &Catalog,
    ) -> Vec<BTreeSet<usize>> {
        let mut refused_before = BTreeSet::new();
        let mut own = Vec::with_capacity(proposed.len());
        for indexes in proposed {
            let mut places = BTreeSet::new();
            for index in indexes {
                let Some(table) = catalog.named(&index.table) else { continue };
                match refused(&index, table) {
                    None => {
                        places.insert(self.place(index));
                    }
                    Some(rejected) => {
                        if refused_before.insert(index) {
                            self.rejected.push(rejected);
                        }
                    }
                }
            }
            own.push(places);
        }
        own
    }

    /// Lets the planner pick for each statement; what it never picks is left out. When time runs out, what
    /// comes later is as well.
    pub(crate) async fn picked(
        &mut self,
        costs: &mut Costs<'_>,
        own: &[(usize, &BTreeSet<usize>)],
        catalog: &Catalog,
    ) -> Result<BTreeSet<usize>, AdviceError> {
        let mut picked = BTreeSet::new();
        for (statement, own) in own.iter().copied().filter(|(_, own)| !own.is_empty()) {
            if costs.is_over() {
                self.is_cut_short = true;
                break;
            }
            let mut left = self.accepted(costs, own, catalog).await?;
            for _ in 0..ROUNDS {
                let mut used = BTreeSet::new();
                let groups: Vec<BTreeSet<usize>> = left
                    .iter()
                    .copied()
                    .collect::<Vec<_>>()
                    .chunks(AT_ONCE)
                    .map(|group| group.iter().copied().collect())
                    .collect();
                for group in &groups {
                    let costed = costs.cost(statement, group, &self.candidates, catalog).await?;
                    used.extend(costed.used);
                }
                // What was picked apart may be of more use together.
                if groups.len() > 1 {
                    costs.cost(statement, &used, &self.candidates, catalog).await?;
                }
                self.is_cut_short |= costs.is_late() && !used.is_empty();
                let is_last = used.is_empty() || costs.is_late();
                left.retain(|candidate| !used.contains(candidate));
                picked.extend(used);
                if is_last {
                    break;
                }
            }
        }
        self.broaden(&mut picked, catalog);
        Ok(picked)
    }

    /// Leaves out what the server refuses to make.
    async fn accepted(
        &mut self,
        costs: &mut Costs<'_>,
        own: &BTreeSet<usize>,
        catalog: &Catalog,
    ) -> Result<BTreeSet<usize>, AdviceError> {
        let mut accepted = own.clone();
        for group in own.iter().copied().collect::<Vec<_>>().chunks(AT_ONCE) {
            let group: BTreeSet<usize> = group.iter().copied().collect();
            for (place, reason) in costs.try_out(&group, &self.candidates, catalog).await? {
                accepted.remove(&place);
                if let Some(index) = self.candidates.get(place) {
                    self.rejected.push(Rejected::index(index, "refused-by-the-server", reason));
                }
            }
        }
        Ok(accepted)
    }

    /// Adds what several statements could share: narrower ones, and those of the same keys made one, again
    /// and again until there is nothing more to be made one.
    fn broaden(&mut self, picked: &mut BTreeSet<usize>, catalog: &Catalog) {
        let mut known: Vec<Index> =
            picked.iter().filter_map(|place| self.candidates.get(*place)).cloned().collect();
        let mut more: BTreeSet<Index> = known
            .iter()
            .filter(|index| !index.included.is_empty())
            .map(|index| Index { included: Vec::new(), ..index.clone() })
            .collect();
        let mut new = known.clone();
        for _ in 0..MERGES {
            let mut made = BTreeSet::new();
            for index in &new {
                for other in &known {
                    made.extend(merged(index, other));
                    made.extend(merged(other, index));
                }
            }
            made.retain(|index| !more.contains(index) && !known.contains(index));
            if made.is_empty() || known.len() + made.len() > MOST {
                more.extend(made);
                break;
            }
            new = made.iter().cloned().collect();
            known.extend(new.iter().cloned());
            more.extend(made);
        }
        for index in more {
            let Some(table) = catalog.named(&index.table) else { continue };
            if picked.len() < MOST && refused(&index, table).is_none() {
                picked.insert(self.place(index));
            }
        }
    }
}

/// Makes one of two indexes of which one's keys begin with the other's.
fn merged(long: &Index, short: &Index) -> Option<Index> {
    /// More than these columns besides are a second table.
    const MOST_INCLUDED: usize = 6;
    let is_pair = long != short
        && long.table == short.table
        && long.method == short.method
        && long.predicate == short.predicate
        && long.keys.get(..short.keys.len()) == Some(&short.keys);
    if !is_pair {
        return None;
    }
    let keys: BTreeSet<&str> = long.keys.iter().filter_map(|key| key.column.as_deref()).collect();
    let mut included: Vec<String> = long.included.clone();
    included.extend(short.included.iter().filter(|it| !long.included.contains(it)).cloned());
    included.retain(|name| !keys.contains(name.as_str()));
    included.sort();
    let merged = Index { included, ..long.clone() };
    (merged.included.len() <= MOST_INCLUDED && merged != *long && merged != *short)
        .then_some(merged)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::indexes::Key;

    #[test]
    fn two_indexes_of_the_same_beginning_become_one() {
        let keys = |names: &[&str]| names.iter().map(|name| Key::column(name)).collect::<Vec<_>>();
        let mut long = Index::btree("t", keys(&["a", "b"]));
        long.included = vec!["x".to_owned()];
        let mut short = Index::btree("t", keys(&["a"]));
        short.included = vec!["b".to_owned(), "y".to_owned()];
        let one = merged(&long, &short).unwrap();
        assert_eq!(one.shown(), "t (a, b) include (x, y)");
        assert_eq!(merged(&short, &long), None);
        assert_eq!(merged(&long, &long), None);
        let other = Index::btree("u", keys(&["a"]));
        assert_eq!(merged(&long, &other), None);
    }
}
