//! Costs of statements under sets of candidates, asked as seldom as can be.
//!
//! The planner's choice among fewer indexes is the same as long as those that it uses are there. So what was
//! asked for a set answers for every set between the used ones and that set.

use std::collections::BTreeSet;
use std::time::Instant;

use super::Index;
use super::catalog::Catalog;
use super::error::AdviceError;
use super::what_if::{Asked, Costed, WhatIf};

/// Costs that are known, and a session to ask for more.
pub(crate) struct Costs<'c> {
    what_if: WhatIf<'c>,
    statements: Vec<Asked>,
    /// Of each statement, how it reaches its tables.
    reach: Vec<Vec<Reach>>,
    known: Vec<Vec<Known>>,
    /// When asking must end.
    deadline: Instant,
}

/// What an index must have to be of use to a statement.
pub(crate) struct Reach {
    pub(crate) table: String,
    /// What is compared, sorted or grouped by: an index of use begins with one of them …
    pub(crate) leading: BTreeSet<String>,
    /// … or has all columns that are needed, so that it is read in place of the table.
    pub(crate) needed: BTreeSet<String>,
}

impl Reach {
    fn is_served(&self, index: &Index) -> bool {
        let begins = index.keys.first().is_some_and(|key| self.leading.contains(&key.sql));
        let holds_all = || {
            !self.needed.is_empty()
                && self.needed.iter().all(|name| index.columns().any(|held| held == name))
        };
        self.table == index.table && (begins || holds_all())
    }
}

/// What a statement was found to cost with the fewest candidates that were asked about.
fn known_cost(known: Option<&Vec<Known>>) -> f64 {
    let fewest = known.into_iter().flatten().min_by_key(|known| known.set.len());
    fewest.map_or(0.0, |known| known.costed.cost)
}

struct Known {
    set: BTreeSet<usize>,
    costed: Costed,
}

impl<'c> Costs<'c> {
    pub(crate) fn new(
        what_if: WhatIf<'c>,
        statements: Vec<Asked>,
        reach: Vec<Vec<Reach>>,
        deadline: Instant,
    ) -> Self {
        let known = statements.iter().map(|_| Vec::new()).collect();
        Self { what_if, statements, reach, known, deadline }
    }

    /// Whether the time to ask is over.
    pub(crate) fn is_late(&self) -> bool {
        Instant::now() >= self.deadline
    }

    /// Gives more time.
    pub(crate) const fn extend(&mut self, deadline: Instant) {
        self.deadline = deadline;
    }

    /// Returns how often the planner was asked.
    pub(crate) const fn calls(&self) -> usize {
        self.what_if.calls
    }

    /// Returns the session.
    pub(crate) const fn what_if(&self) -> &WhatIf<'c> {
        &self.what_if
    }

    /// Whether a candidate can be of use to a statement.
    pub(crate) fn concerns(&self, index: &Index, statement: usize) -> bool {
        let reach = self.reach.get(statement);
        reach.is_some_and(|reach| reach.iter().any(|reach| reach.is_served(index)))
    }

    /// Returns what a statement costs with a set of candidates.
    pub(crate) async fn cost(
        &mut self,
        statement: usize,
        set: &BTreeSet<usize>,
        candidates: &[Index],
        catalog: &Catalog,
    ) -> Result<Costed, AdviceError> {
        let concerns = |candidate: &usize| {
            candidates.get(*candidate).is_some_and(|index| self.concerns(index, statement))
        };
        let set: BTreeSet<usize> = set.iter().copied().filter(concerns).collect();
        if let Some(costed) = self.find(statement, &set) {
            return Ok(costed);
        }
        let Some(asked) = self.statements.get(statement).cloned() else {
            return Ok(Costed::default());
        };
        self.what_if.set(&set, candidates, catalog).await?;
        let costed = match self.what_if.cost(&asked).await {
            Ok(costed) => costed,
            // One statement that the planner refuses must not end the advice on the others: its cost stays
            // what it was, and no candidate gains by it.
            Err(AdviceError::Server { source, .. }) if source.as_db_error().is_some() => {
                let cost = known_cost(self.known.get(statement));
                Costed { cost, ..Costed::default() }
            }
            Err(error) => return Err(error),
        };
        if let Some(known) = self.known.get_mut(statement) {
            known.push(Known { set, costed: costed.clone() });
        }
        Ok(costed)
    }

    fn find(&self, statement: usize, set: &BTreeSet<usize>) -> Option<Costed> {
        let known = self.known.get(statement)?;
        let answers =
            |known: &&Known| known.costed.used.is_subset(set) && set.is_subset(&known.set);
        known.iter().rev().find(answers).map(|known| known.costed.clone())
    }

    /// Makes candidates exist that are not asked about one by one; answers those that the server refused.
    pub(crate) async fn try_out(
        &mut self,
        set: &BTreeSet<usize>,
        candidates: &[Index],
        catalog: &Catalog,
    ) -> Result<Vec<(usize, String)>, AdviceError> {
        self.what_if.set(set, candidates, catalog).await
    }
}
