//! The rounds of a proof: choose, build, measure, and choose again by what was measured.

use std::collections::{BTreeMap, BTreeSet};

use super::blame::{Slower, WORTH, calls, saved, slower, time, unused};
use super::build::Bench;
use super::doubts::{Doubts, large};
use super::meter::Meter;
use super::tried::{Tried, in_vain};
use super::{MOST_ROUNDS, Measured, ProofError};
use crate::advice::{Advice, Advisor, Statement};
use crate::indexes::{Index, Rejected, megabytes};

/// What the rounds came to.
pub(super) struct Outcome {
    pub(super) advice: Advice,
    pub(super) after: Vec<Measured>,
    pub(super) refused: Vec<Rejected>,
    pub(super) rounds: usize,
}

pub(super) struct Rounds<'r, 'c> {
    pub(super) bench: &'r mut Bench<'c>,
    pub(super) meter: &'r mut Meter<'c>,
    pub(super) before: &'r [Measured],
    statements: Vec<Statement>,
    banned: BTreeSet<Index>,
    refused: Vec<Rejected>,
    rounds: usize,
    /// Choices that were measured.
    tried: BTreeSet<BTreeSet<Index>>,
    /// What was measured with each index of those choices.
    indexes: Tried,
    best: Option<Best>,
    doubts: Doubts,
}

/// The best choice so far.
struct Best {
    advice: Advice,
    after: Vec<Measured>,
    is_too_large: bool,
    ms: f64,
    /// Those that take much of the budget, the largest first.
    large: Vec<Index>,
}

impl<'r, 'c> Rounds<'r, 'c> {
    pub(super) fn new(
        bench: &'r mut Bench<'c>,
        meter: &'r mut Meter<'c>,
        statements: &[Statement],
        before: &'r [Measured],
    ) -> Self {
        Self {
            bench,
            meter,
            before,
            statements: statements.to_vec(),
            banned: BTreeSet::new(),
            refused: Vec::new(),
            rounds: 0,
            tried: BTreeSet::new(),
            indexes: Tried::default(),
            best: None,
            doubts: Doubts::default(),
        }
    }

    /// Chooses until a choice was measured before and none of its large indexes is to be doubted, or the rounds
    /// are used up, and ends with the best.
    pub(super) async fn run(mut self, advisor: &mut Advisor<'_>) -> Result<Outcome, ProofError> {
        let mut too_large = 0;
        let mut doubtful: Option<Index> = None;
        let last = loop {
            self.rounds += 1;
            let mut without = self.banned.clone();
            without.extend(doubtful.clone());
            let advice = advisor.advise(&without).await?;
            advisor.rest().await?;
            let set: BTreeSet<Index> = advice.indexes.iter().map(|it| it.index.clone()).collect();
            if self.tried.contains(&set) {
                doubtful = self.best.as_ref().and_then(|best| self.doubts.next(&best.large));
                if doubtful.is_none() {
                    break advice;
                }
                // Nothing is measured in this one.
                self.rounds -= 1;
                continue;
            }
            let failed = self.bench.build(&advice.indexes).await?;
            // Sizes are estimates until they are built: the next choice knows better.
            for (index, bytes) in self.bench.sizes() {
                advisor.learn(index, bytes);
            }
            let is_too_large = self.bench.bytes() > advisor.budget_bytes();
            if failed.is_empty() && is_too_large && too_large < MOST_ROUNDS {
                // Nothing was measured: this is no round of those that measure.
                too_large += 1;
                continue;
            }
            self.tried.insert(set);
            let is_built = failed.is_empty();
            self.ban(failed).await?;
            if is_built {
                self.measure(advisor, &advice, is_too_large).await?;
            }
            // The next choice may have it again, knowing what was measured without it.
            doubtful = None;
            if self.rounds - too_large >= MOST_ROUNDS {
                break advice;
            }
        };
        self.settle(advisor, last).await
    }

    /// Measures a choice, and tells the advisor.
    async fn measure(
        &mut self,
        advisor: &mut Advisor<'_>,
        advice: &Advice,
        is_too_large: bool,
    ) -> Result<(), ProofError> {
        let mut after = self.meter.all(&self.statements).await?;
        let found = self.slower(advice, &mut after).await?;
        self.observe(advisor, advice, &after);
        let both = (self.before, after.as_slice());
        self.indexes.note(self.bench, &self.statements, &advice.indexes, both);
        // Where several are to blame for a statement, it loses what it loses once.
        let lost: BTreeMap<usize, f64> = found.iter().map(|it| (it.place, it.ms)).collect();
        let lost: f64 = lost.iter().map(|(place, ms)| ms * self.calls(*place)).sum();
        let ms = self.total(&after) + lost * WORTH;
        let is_better = self.best.as_ref().is_none_or(|best| {
            (is_too_large, ms).partial_cmp(&(best.is_too_large, best.ms))
                == Some(std::cmp::Ordering::Less)
        });
        let against =
            if found.is_empty() { unused(self.bench, advice, &after) } else { Vec::new() };
        if is_better {
            let large = large(self.bench.sizes(), advisor.budget_bytes());
            self.best = Some(Best { advice: advice.clone(), after, is_too_large, ms, large });
        }
        for Slower { place, index, ms, rejected } in found {
            let is_foreseen =
                advice.indexes.iter().any(|it| it.index == index && it.serves.contains(&place));
            if !is_foreseen {
                // The planner never said that it would use it there, so it will not say it next time.
                self.ban(vec![(index, rejected)]).await?;
            } else if advisor.endanger(place, &index, ms) {
                self.refused.push(rejected);
            }
        }
        self.ban(against).await
    }

    async fn slower(
        &mut self,
        advice: &Advice,
        after: &mut [Measured],
    ) -> Result<Vec<Slower>, ProofError> {
        let both = (self.before, after);
        slower(self.meter, self.bench, &self.statements, advice, both).await
    }

    /// Tells the advisor how long statements took, with the indexes that the planner was thought to use and
    /// with those that it used.
    fn observe(&self, advisor: &mut Advisor<'_>, advice: &Advice, after: &[Measured]) {
        for (place, measured) in after.iter().enumerate() {
            if measured.failed.is_some() {
                continue;
            }
            let indexes = || advice.indexes.iter();
            let foreseen = indexes().filter(|it| it.serves.contains(&place)).map(|it| &it.index);
            advisor.observe(place, foreseen, time(measured));
            let used = indexes().map(|it| &it.index).filter(|it| self.bench.is_used(it, measured));
            advisor.observe(place, used, time(measured));
        }
    }

    fn total(&self, all: &[Measured]) -> f64 {
        self.statements.iter().zip(all).map(|(it, measured)| time(measured) * calls(it)).sum()
    }

    fn calls(&self, place: usize) -> f64 {
        self.statements.get(place).map_or(1.0, calls)
    }

    async fn ban(&mut self, against: Vec<(Index, Rejected)>) -> Result<(), ProofError> {
        for (index, rejected) in against {
            self.bench.remove(&index).await?;
            self.banned.insert(index);
            self.refused.push(rejected);
        }
        Ok(())
    }

    /// Ends with the best choice: what makes a statement slower goes, whatever others gain by it, what saves
    /// nothing goes, and nothing new comes.
    async fn settle(mut self, advisor: &Advisor<'_>, last: Advice) -> Result<Outcome, ProofError> {
        let (mut advice, mut after) = match self.best.take() {
            Some(best) => (best.advice, best.after),
            None => (Advice { indexes: Vec::new(), ..last }, self.before.to_vec()),
        };
        let failed = self.bench.build(&advice.indexes).await?;
        self.drop_from(&mut advice, failed).await?;
        loop {
            let found = self.slower(&advice, &mut after).await?;
            let both = (self.before, after.as_slice());
            let mut against: Vec<(Index, Rejected)> =
                found.into_iter().map(|it| (it.index, it.rejected)).collect();
            if against.is_empty() {
                against = in_vain(self.bench, &self.statements, &advice.indexes, both);
                // One that was used goes first, alone: those that it hid may be used without it.
                if let Some(used) = against.iter().position(|(_, it)| it.rule == "saved-nothing") {
                    against = vec![against.swap_remove(used)];
                }
            }
            if against.is_empty() && self.bench.bytes() > advisor.budget_bytes() {
                against.extend(self.least_worth(&after));
            }
            if against.is_empty() {
                return Ok(self.outcome(advice, after));
            }
            self.drop_from(&mut advice, against).await?;
            after = self.meter.all(&self.statements).await?;
        }
    }

    async fn drop_from(
        &mut self,
        advice: &mut Advice,
        against: Vec<(Index, Rejected)>,
    ) -> Result<(), ProofError> {
        for (index, rejected) in against {
            self.bench.remove(&index).await?;
            advice.indexes.retain(|advised| advised.index != index);
            if !self.refused.iter().any(|known| known.what == rejected.what) {
                self.refused.push(rejected);
            }
        }
        Ok(())
    }

    /// Gives back the index that saved least, where all together take more than they may once they are built.
    fn least_worth(&self, after: &[Measured]) -> Option<(Index, Rejected)> {
        let saved =
            |index: &Index| saved(self.bench, index, &self.statements, (self.before, after));
        let least =
            self.bench.sizes().min_by(|(one, _), (other, _)| saved(one).total_cmp(&saved(other)));
        least.map(|(index, bytes)| {
            let reason = format!(
                "built, it takes {}, and all together more than they may; its statements gained {:.0} ms, \
                 less than those of the others",
                megabytes(bytes),
                saved(index)
            );
            (index.clone(), Rejected::index(index, "over-the-budget", reason))
        })
    }

    fn outcome(self, mut advice: Advice, after: Vec<Measured>) -> Outcome {
        let mut refused = self.refused;
        // An index that harmed in one choice may do well in another, beside other ones.
        refused.retain(|it| {
            advice.indexes.iter().all(|index| it.what != format!("index on {}", index.definition))
        });
        let given_back = self.indexes.given_back(&self.statements, &advice.indexes, &refused);
        refused.extend(given_back);
        // What measuring says of an index counts, and not what the planner's costs said of it.
        advice.rejected.retain(|it| refused.iter().all(|known| known.what != it.what));
        Outcome { advice, after, refused, rounds: self.rounds }
    }
}
