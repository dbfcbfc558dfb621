//! Costs of statements under sets of candidates, asked as seldom as can be.
//!
//! What was asked for a set answers for every set between the used ones and that set: see `ways`.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::Index;
use super::catalog::Catalog;
use super::error::AdviceError;
use super::ways::Ways;
use super::what_if::{Asked, Costed, WhatIf};

/// How many candidates may be there that are of no use to a statement: the planner looks at each.
const MOST_BESIDE: usize = 24;

/// How long what was found may still be asked about when the time to search is over. After that nothing is
/// asked any more, and what is known must do.
const CONFIRMING: Duration = Duration::from_secs(1);

/// Costs that are known, and a session to ask for more.
pub(crate) struct Costs<'c> {
    what_if: WhatIf<'c>,
    statements: Vec<Asked>,
    /// Of each statement, how it reaches its tables.
    reach: Vec<Vec<Reach>>,
    ways: Ways,
    /// Candidates that were asked about for themselves.
    weighed: BTreeSet<usize>,
    /// When searching must end.
    deadline: Instant,
}

/// What an index must have to be of use to a statement.
pub(crate) struct Reach {
    pub(crate) table: String,
    /// What is compared, sorted or grouped by: an index of use begins with one of them …
    pub(crate) leading: BTreeSet<String>,
    /// … or has all columns that are needed, so that it is read in place of the table …
    pub(crate) needed: BTreeSet<String>,
    /// … or has only rows that are asked for, as one of these conditions says.
    pub(crate) parts: BTreeSet<String>,
}

impl Reach {
    fn is_served(&self, index: &Index) -> bool {
        let begins = index.keys.first().is_some_and(|key| self.leading.contains(&key.sql));
        let holds_all = || {
            !self.needed.is_empty()
                && self.needed.iter().all(|name| index.columns().any(|held| held == name))
        };
        let is_part = || index.predicate.as_ref().is_some_and(|it| self.parts.contains(it));
        self.table == index.table && (begins || is_part() || holds_all())
    }
}

impl<'c> Costs<'c> {
    pub(crate) fn new(
        what_if: WhatIf<'c>,
        statements: Vec<Asked>,
        reach: Vec<Vec<Reach>>,
        deadline: Instant,
    ) -> Self {
        let ways = Ways::new(statements.len());
        Self { what_if, statements, reach, ways, weighed: BTreeSet::new(), deadline }
    }

    /// Whether the time to search is over.
    pub(crate) fn is_late(&self) -> bool {
        Instant::now() >= self.deadline
    }

    /// Whether nothing may be asked any more.
    pub(crate) fn is_over(&self) -> bool {
        Instant::now() >= self.deadline + CONFIRMING
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

    /// Returns the session, to go on in another transaction.
    pub(crate) const fn what_if_mut(&mut self) -> &mut WhatIf<'c> {
        &mut self.what_if
    }

    /// Whether a candidate can be of use to a statement.
    pub(crate) fn concerns(&self, index: &Index, statement: usize) -> bool {
        let reach = self.reach.get(statement);
        reach.is_some_and(|reach| reach.iter().any(|reach| reach.is_served(index)))
    }

    /// When searching must end.
    pub(crate) const fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Returns what is known.
    pub(crate) const fn ways(&self) -> &Ways {
        &self.ways
    }

    /// Returns what is known, to be told more.
    pub(crate) const fn ways_mut(&mut self) -> &mut Ways {
        &mut self.ways
    }

    /// Takes note of candidates that are asked about for themselves.
    pub(crate) fn weighed(&mut self, set: &BTreeSet<usize>) {
        self.weighed.extend(set);
    }

    /// Whether a candidate was asked about for itself.
    pub(crate) fn was_weighed(&self, candidate: usize) -> bool {
        self.weighed.contains(&candidate)
    }

    /// Returns the least that a statement can cost with a set of candidates.
    pub(crate) fn least(
        &self,
        statement: usize,
        set: &BTreeSet<usize>,
        candidates: &[Index],
    ) -> f64 {
        self.ways.least(statement, self.concerning(statement, set, candidates).iter())
    }

    fn concerning(
        &self,
        statement: usize,
        set: &BTreeSet<usize>,
        candidates: &[Index],
    ) -> BTreeSet<usize> {
        let concerns = |candidate: &usize| {
            candidates.get(*candidate).is_some_and(|index| self.concerns(index, statement))
        };
        set.iter().copied().filter(concerns).collect()
    }

    /// Returns what a statement costs with a set of candidates; when nothing may be asked any more, what it
    /// costs at most by what was asked before.
    pub(crate) async fn cost(
        &mut self,
        statement: usize,
        set: &BTreeSet<usize>,
        candidates: &[Index],
        catalog: &Catalog,
    ) -> Result<Costed, AdviceError> {
        let set = self.concerning(statement, set, candidates);
        if let Some(costed) = self.ways.find(statement, &set) {
            return Ok(costed);
        }
        let Some(asked) = self.statements.get(statement).cloned() else {
            return Ok(Costed::default());
        };
        if !self.is_over() && !self.ways.was_refused(statement, &set) {
            match self.asked(statement, &asked, &set, (candidates, catalog)).await {
                Ok(costed) => {
                    self.ways.note(statement, set, costed.clone());
                    return Ok(costed);
                }
                // One statement that the planner refuses must not end the advice on the others: its cost
                // stays what it was, and no candidate gains by it. What took too long was not refused.
                Err(AdviceError::Server { source, .. }) if source.as_db_error().is_some() => {
                    if !self.is_over() {
                        self.ways.refuse(statement, set.clone());
                    }
                }
                Err(error) => return Err(error),
            }
        }
        let plain = Costed { cost: asked.plain, ..Costed::default() };
        if set.is_empty() {
            self.ways.note(statement, set, plain.clone());
            return Ok(plain);
        }
        let is_refused = self.ways.was_refused(statement, &set);
        Ok(self.ways.said(statement, &set).filter(|_| !is_refused).unwrap_or(plain))
    }

    async fn asked(
        &mut self,
        statement: usize,
        asked: &Asked,
        set: &BTreeSet<usize>,
        (candidates, catalog): (&[Index], &Catalog),
    ) -> Result<Costed, AdviceError> {
        let end = self.deadline + CONFIRMING;
        self.what_if.limit = end.saturating_duration_since(Instant::now());
        let there = self.beside(statement, set, candidates);
        let costed = self.what_if.ask(&there, asked, candidates, catalog).await?;
        if costed.used.is_subset(set) {
            return Ok(costed);
        }
        // What was there besides is of use after all: this is not what the set costs.
        self.what_if.ask(set, asked, candidates, catalog).await
    }

    /// Returns a set with those candidates that are there already and of no use to a statement: they do not
    /// matter to it, and need not be made again for the next one.
    fn beside(
        &self,
        statement: usize,
        set: &BTreeSet<usize>,
        candidates: &[Index],
    ) -> BTreeSet<usize> {
        let is_other = |candidate: &usize| {
            candidates.get(*candidate).is_some_and(|index| !self.concerns(index, statement))
        };
        let mut there: BTreeSet<usize> = self.what_if.active().filter(is_other).collect();
        if there.len() > MOST_BESIDE {
            there.clear();
        }
        there.extend(set);
        there
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
