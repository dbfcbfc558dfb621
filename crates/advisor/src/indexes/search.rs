//! The search for indexes, from plans to a choice that can be made again without what a proof refused.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use tokio_postgres::Client;

use super::catalog::Catalog;
use super::choose::{WELL, Weighing, choose};
use super::costs::{Costs, Reach};
use super::error::AdviceError;
use super::pool::Pool;
use super::propose::{frequency, propose};
use super::rules::Rejected;
use super::shape::{Access, read};
use super::size::estimate;
use super::ways::Wider;
use super::what_if::{Asked, MissingWhatIf, WhatIf};
use super::worth::Worth;
use super::{Index, Method};
use crate::plans::Plan;

/// One statement of a workload, with its plan as things are.
pub(crate) struct Question<'q> {
    pub(crate) sql: &'q str,
    /// The values of its parameters as SQL writes them; none where it is planned for all values alike.
    pub(crate) values: &'q [String],
    /// How many parameters it has.
    pub(crate) parameters: usize,
    pub(crate) plan: &'q Plan,
    pub(crate) weight: f64,
}

/// A workload to search for.
pub(crate) struct Questions<'q> {
    pub(crate) all: Vec<Question<'q>>,
    pub(crate) budget: f64,
    /// How long the search may take.
    pub(crate) time: Duration,
    /// What makes the session the asker's.
    pub(crate) enter: Option<String>,
    /// Whether weights are runs since the server began to count.
    pub(crate) counts_writes: bool,
}

/// An index that was chosen.
#[derive(Clone, Debug)]
pub(crate) struct Chosen {
    pub(crate) index: Index,
    pub(crate) estimated_bytes: f64,
    /// The statements whose plans use it, with the cost before and after the whole choice.
    pub(crate) serves: Vec<(usize, f64, f64)>,
    /// The rules of the house that speak for it.
    pub(crate) rules: Vec<String>,
}

/// A search that has its candidates.
pub(crate) struct Search<'c> {
    pub(crate) catalog: Catalog,
    pub(crate) accesses: Vec<Vec<Access>>,
    pool: Pool,
    picked: BTreeSet<usize>,
    bytes: Vec<f64>,
    /// Candidates whose bytes were measured.
    built: BTreeSet<usize>,
    /// What was chosen last.
    last: BTreeSet<usize>,
    costs: Option<Costs<'c>>,
    pub(crate) missing: Option<MissingWhatIf>,
    worth: Worth,
    statements: usize,
    budget: f64,
    time: Duration,
    /// When the first choice must be made.
    deadline: Option<Instant>,
    counts_writes: bool,
    pub(crate) base: Vec<f64>,
    pub(crate) is_cut_short: bool,
}

impl<'c> Search<'c> {
    /// Reads plans, proposes candidates and lets the planner pick among them, in the open transaction.
    pub(crate) async fn begin(
        client: &'c Client,
        questions: &Questions<'_>,
    ) -> Result<Self, AdviceError> {
        let plans: Vec<&Plan> = questions.all.iter().map(|question| question.plan).collect();
        let catalog = Catalog::gather(client, &plans).await?;
        let accesses: Vec<Vec<Access>> = plans.iter().map(|plan| read(plan, &catalog)).collect();
        let frequency = frequency(accesses.iter().flatten());
        let proposed = accesses
            .iter()
            .zip(&questions.all)
            .map(|(accesses, question)| {
                let mut indexes = BTreeSet::new();
                // What is well stays as it is.
                if question.plan.total_cost() > WELL {
                    for access in accesses {
                        if let Some(table) = catalog.table(access.table) {
                            indexes.extend(propose(access, table, &frequency));
                        }
                    }
                }
                indexes
            })
            .collect();
        let mut pool = Pool::default();
        let own = pool.admit(proposed, &catalog);
        let base = plans.iter().map(|plan| plan.total_cost()).collect();
        let mut search = Self {
            catalog,
            accesses,
            pool,
            picked: BTreeSet::new(),
            bytes: Vec::new(),
            built: BTreeSet::new(),
            last: BTreeSet::new(),
            costs: None,
            missing: None,
            worth: Worth::default(),
            statements: questions.all.len(),
            budget: questions.budget,
            time: questions.time,
            deadline: Some(Instant::now() + questions.time),
            counts_writes: questions.counts_writes,
            base,
            is_cut_short: false,
        };
        let calls: Vec<f64> = questions.all.iter().map(|question| question.weight).collect();
        match WhatIf::begin(client, questions.enter.clone()).await? {
            Ok(what_if) => search.pick(what_if, questions, &own).await?,
            Err(missing) => search.missing = Some(missing),
        }
        search.worth = Worth::new(&calls, &search.pool.candidates);
        Ok(search)
    }

    async fn pick(
        &mut self,
        what_if: WhatIf<'c>,
        questions: &Questions<'_>,
        own: &[BTreeSet<usize>],
    ) -> Result<(), AdviceError> {
        let statements = questions
            .all
            .iter()
            .map(|question| Asked {
                sql: question.sql.to_owned(),
                values: question.values.to_vec(),
                parameters: question.parameters,
                plain: question.plan.total_cost(),
            })
            .collect();
        let reach = self.accesses.iter().map(|accesses| self.reach(accesses)).collect();
        // Picking may take half of the time: the rest is for weighing.
        let deadline = Instant::now() + self.time / 2;
        let mut costs = Costs::new(what_if, statements, reach, deadline);
        for (statement, base) in self.base.iter_mut().enumerate() {
            let costed = costs
                .cost(statement, &BTreeSet::new(), &self.pool.candidates, &self.catalog)
                .await?;
            *base = costed.cost;
        }
        // What counts most goes first, should the time not be enough for all.
        let counts = |statement: usize| {
            let weight = questions.all.get(statement).map_or(1.0, |question| question.weight);
            weight * self.base.get(statement).copied().unwrap_or_default()
        };
        let mut own: Vec<(usize, &BTreeSet<usize>)> = own.iter().enumerate().collect();
        own.sort_by(|(one, _), (other, _)| counts(*other).total_cmp(&counts(*one)));
        self.picked = self.pool.picked(&mut costs, &own, &self.catalog).await?;
        self.bytes = vec![0.0; self.pool.candidates.len()];
        for place in self.picked.clone() {
            let Some(index) = self.pool.candidates.get(place) else { continue };
            let Some(table) = self.catalog.named(&index.table) else { continue };
            let share = match &index.predicate {
                Some(predicate) if !costs.is_over() => {
                    costs.what_if().share(&table.name, predicate).await?
                }
                // In no time it is taken to be as large as one of all rows.
                _ => 1.0,
            };
            if let Some(bytes) = self.bytes.get_mut(place) {
                *bytes = estimate(index, table, share);
            }
        }
        costs.ways_mut().widen(self.wider());
        self.costs = Some(costs);
        Ok(())
    }

    /// Returns of each candidate those that serve whatever it serves. A wider one costs at most the pages
    /// more that it has, read in their order.
    fn wider(&self) -> BTreeMap<usize, Vec<Wider>> {
        let bytes = |place: &usize| self.bytes.get(*place).copied().unwrap_or_default();
        let mut all: BTreeMap<usize, Vec<Wider>> = BTreeMap::new();
        for place in &self.picked {
            let Some(index) = self.pool.candidates.get(*place) else { continue };
            for other in self.picked.iter().filter(|other| *other != place) {
                let Some(wider) = self.pool.candidates.get(*other) else { continue };
                if wider.makes_needless(index) {
                    let extra = ((bytes(other) - bytes(place)) / 8_192.0).max(1.0);
                    all.entry(*place).or_default().push(Wider { place: *other, extra });
                }
            }
        }
        all
    }

    fn reach(&self, accesses: &[Access]) -> Vec<Reach> {
        let reach = accesses.iter().filter_map(|access| {
            let table = self.catalog.table(access.table)?;
            let terms = [&access.equal, &access.joins, &access.ranges, &access.branches];
            let compared = terms.into_iter().flatten().map(|term| term.key.sql.clone());
            let orders = access.orders.iter().chain(&access.groups);
            let leading = compared.chain(orders.flatten().map(|key| key.sql.clone())).collect();
            let parts = access.parts.iter().map(|part| part.predicate.clone()).collect();
            let needed = access.needed.clone();
            Some(Reach { table: table.name.clone(), leading, needed, parts })
        });
        reach.collect()
    }

    /// Returns how often the planner was asked.
    pub(crate) fn calls(&self) -> usize {
        self.costs.as_ref().map_or(0, Costs::calls)
    }

    /// Chooses, without those that are banned.
    pub(crate) async fn choose(
        &mut self,
        banned: &BTreeSet<Index>,
    ) -> Result<(Vec<Chosen>, Vec<Rejected>), AdviceError> {
        let Some(costs) = &mut self.costs else {
            return Ok((self.uncosted(banned), self.pool.rejected.clone()));
        };
        // The first choice has what picking left of the time, each further one half of it.
        let left = self.deadline.take().unwrap_or_else(|| Instant::now() + self.time / 2);
        costs.extend(left);
        let candidates = &self.pool.candidates;
        let is_allowed =
            |place: &usize| candidates.get(*place).is_some_and(|index| !banned.contains(index));
        let allowed: BTreeSet<usize> = self.picked.iter().copied().filter(is_allowed).collect();
        let weighing = Weighing {
            candidates,
            catalog: &self.catalog,
            bytes: &self.bytes,
            worth: &self.worth,
            statements: self.statements,
            budget: self.budget,
            picked: &self.picked,
            before: &self.last,
            counts_writes: self.counts_writes,
        };
        let choice = choose(costs, &weighing, &allowed).await?;
        self.is_cut_short = choice.is_cut_short || self.pool.is_cut_short;
        let mut used_by: Vec<(BTreeSet<usize>, f64)> = Vec::new();
        for statement in 0..self.statements {
            let costed = costs.cost(statement, &choice.chosen, candidates, &self.catalog).await?;
            used_by.push((costed.used, costed.cost));
        }
        let mut rejected = self.pool.rejected.clone();
        for place in &choice.too_large {
            if let Some(index) = candidates.get(*place) {
                let bytes = self.bytes.get(*place).copied().unwrap_or_default();
                rejected.push(Rejected::index(
                    index,
                    "over-the-budget",
                    format!("it would take about {} more than the budget leaves", megabytes(bytes)),
                ));
            }
        }
        let left = allowed
            .iter()
            .filter(|it| !choice.chosen.contains(it) && !choice.too_large.contains(it));
        for place in left {
            let Some(index) = candidates.get(*place) else { continue };
            rejected.push(if costs.was_weighed(*place) {
                outdone(candidates, index, &choice.chosen)
            } else {
                let reason = "what it would bring was not asked for itself: by what is known of the \
                              others it promised too little, or time ran out";
                Rejected::index(index, "not-weighed", reason.to_owned())
            });
        }
        let chosen = choice
            .chosen
            .iter()
            .filter_map(|place| self.chosen(*place, &used_by))
            // What no plan uses is no help, whatever it was chosen for.
            .filter(|chosen| !chosen.serves.is_empty())
            .collect();
        self.last = choice.chosen;
        Ok((chosen, rejected))
    }

    fn chosen(&self, place: usize, used_by: &[(BTreeSet<usize>, f64)]) -> Option<Chosen> {
        let index = self.pool.candidates.get(place)?.clone();
        let serves = used_by
            .iter()
            .enumerate()
            .filter(|(_, (used, _))| used.contains(&place))
            .map(|(statement, (_, after))| {
                (statement, self.base.get(statement).copied().unwrap_or_default(), *after)
            })
            .collect();
        let bytes = self.bytes.get(place).copied().unwrap_or_default();
        Some(self.described(index, bytes, serves))
    }

    fn described(&self, index: Index, bytes: f64, serves: Vec<(usize, f64, f64)>) -> Chosen {
        let table = self.catalog.named(&index.table);
        Chosen {
            estimated_bytes: bytes,
            serves,
            rules: table.map(|table| super::rules::spoken_for(&index, table)).unwrap_or_default(),
            index,
        }
    }

    /// Without a planner to ask: of each access the candidate with most keys that compare, to be proved.
    fn uncosted(&self, banned: &BTreeSet<Index>) -> Vec<Chosen> {
        let mut chosen: Vec<Chosen> = Vec::new();
        let mut left = self.budget;
        for (statement, accesses) in self.accesses.iter().enumerate() {
            for access in accesses {
                let compared: BTreeSet<&str> = access
                    .equal
                    .iter()
                    .chain(&access.ranges)
                    .map(|it| it.key.sql.as_str())
                    .collect();
                let table = self.catalog.table(access.table).map(|table| table.name.as_str());
                let fits = |index: &&Index| {
                    Some(index.table.as_str()) == table
                        && !banned.contains(*index)
                        && index.included.is_empty()
                        && index.predicate.is_none()
                        && index.method == Method::Btree
                        && index.keys.iter().all(|key| compared.contains(key.sql.as_str()))
                };
                let best = self.pool.candidates.iter().filter(fits).max_by_key(|it| it.keys.len());
                let Some(index) = best else { continue };
                let Some(table) = self.catalog.named(&index.table) else { continue };
                let bytes = estimate(index, table, 1.0);
                let base = self.base.get(statement).copied().unwrap_or_default();
                if let Some(known) = chosen.iter_mut().find(|known| known.index == *index) {
                    // Each partition is asked for the same.
                    if known.serves.iter().all(|(place, ..)| *place != statement) {
                        known.serves.push((statement, base, base));
                    }
                } else if bytes <= left {
                    left -= bytes;
                    chosen.push(self.described(
                        index.clone(),
                        bytes,
                        vec![(statement, base, base)],
                    ));
                }
            }
        }
        chosen
    }

    /// Takes note of how many bytes a candidate took once it was built. What is wrong with its estimate is
    /// wrong with those of its like: without that, each choice would be over the budget by another of them.
    pub(crate) fn learn(&mut self, index: &Index, bytes: f64) {
        let place = self.pool.candidates.iter().position(|candidate| candidate == index);
        let Some(place) = place else { return };
        let Some(known) = self.bytes.get_mut(place) else { return };
        let estimated = std::mem::replace(known, bytes);
        if !self.built.insert(place) || estimated <= 0.0 || index.predicate.is_some() {
            return;
        }
        let ratio = (bytes / estimated).clamp(0.5, 2.0);
        let candidates = self.pool.candidates.iter().zip(&mut self.bytes).enumerate();
        for (other, (candidate, estimate)) in candidates {
            if !self.built.contains(&other) && is_of_the_like(index, candidate) {
                *estimate *= ratio;
            }
        }
    }

    /// Counts times from here on: those that the statements took without new indexes.
    pub(crate) fn weigh(&mut self, times: &[Option<f64>]) {
        self.worth.weigh(times, &self.base);
    }

    /// Takes note of how long a statement took with some indexes.
    pub(crate) fn observe<'i>(
        &mut self,
        statement: usize,
        used: impl Iterator<Item = &'i Index>,
        ms: f64,
    ) {
        let candidates = &self.pool.candidates;
        let place = |index: &Index| candidates.iter().position(|candidate| candidate == index);
        let mut used: Vec<usize> = used.filter_map(place).collect();
        used.sort_unstable();
        // Without any of them it takes what it took before.
        if !used.is_empty() {
            self.worth.observe(statement, used, ms);
        }
    }

    /// Takes note of what a statement loses by an index and its like; answers whether that is news.
    pub(crate) fn endanger(&mut self, statement: usize, index: &Index, ms: f64) -> bool {
        self.worth.endanger(statement, index, ms)
    }

    /// Whether the transaction wrote, to make hypothetical indexes possible.
    pub(crate) fn wrote(&self) -> bool {
        self.costs.as_ref().is_some_and(|costs| costs.what_if().is_created())
    }

    /// Goes on in another transaction, as whoever asks there.
    pub(crate) async fn again(&mut self, enter: Option<String>) -> Result<(), AdviceError> {
        match &mut self.costs {
            Some(costs) => costs.what_if_mut().again(enter).await,
            None => Ok(()),
        }
    }

    /// Begins anew with hypothetical indexes: another search had its own.
    pub(crate) async fn forget(&mut self) -> Result<(), AdviceError> {
        match &mut self.costs {
            Some(costs) => costs.what_if_mut().forget().await,
            None => Ok(()),
        }
    }

    /// Forgets hypothetical indexes.
    pub(crate) async fn end(self) -> Result<(), AdviceError> {
        match self.costs {
            Some(costs) => costs.what_if().reset().await,
            None => Ok(()),
        }
    }
}

/// Whether two candidates' sizes are estimated in the same way from the same statistics.
fn is_of_the_like(one: &Index, other: &Index) -> bool {
    one.table == other.table
        && one.method == other.method
        && one.included.is_empty() == other.included.is_empty()
        && other.predicate.is_none()
}

/// Says why an index was not chosen whose costs were asked.
fn outdone(candidates: &[Index], index: &Index, chosen: &BTreeSet<usize>) -> Rejected {
    let others = chosen.iter().filter_map(|place| candidates.get(*place));
    let others = others.filter(|other| other.table == index.table);
    let by =
        others.clone().find(|other| other.makes_needless(index)).or_else(|| others.clone().next());
    Rejected::outdone(index, by)
}

/// Writes bytes for people.
pub(crate) fn megabytes(bytes: f64) -> String {
    match bytes {
        bytes if bytes < 1024.0 * 1024.0 => format!("{:.0} kB", bytes / 1024.0),
        bytes => format!("{:.1} MB", bytes / (1024.0 * 1024.0)),
    }
}
