//! Indexes of statements as they would be written otherwise: looked for once those of the statements as they are
//! were chosen, and kept where only with them the other way is worth it.

use tokio_postgres::Client;

use super::blame::{slower, time};
use super::build::Bench;
use super::compare;
use super::meter::Meter;
use super::rounds::Outcome;
use super::{Compared, Copy, Measured, NOISE_MS, ProofError, SLOWEST};
use crate::advice::{Advice, AdvisedIndex, Advisor, Statement};
use crate::indexes::{Index, Rejected, megabytes};

/// How many times as quick a statement must be in its other way with new indexes as in either without.
const WORTH: f64 = 1.5;

/// Other ways to ask and their indexes, beside what was chosen.
pub(super) struct Beside<'p, 'c> {
    pub(super) client: &'c Client,
    pub(super) copy: &'c Copy,
    pub(super) bench: &'p mut Bench<'c>,
    pub(super) meter: &'p mut Meter<'c>,
    pub(super) statements: &'p [Statement],
    pub(super) before: &'p [Measured],
    pub(super) outcome: &'p mut Outcome,
    pub(super) new: Vec<ForRewrite>,
    /// Indexes that were not taken for other ways to ask.
    pub(super) rejected: Vec<Rejected>,
}

/// An index for other ways to ask, each by its statement's place and its rule.
pub(super) struct ForRewrite {
    advised: AdvisedIndex,
    ways: Vec<(usize, &'static str)>,
}

/// Another way to ask.
struct Way {
    place: usize,
    rule: &'static str,
    statement: Statement,
    /// With the indexes that were chosen.
    plain: Measured,
}

impl Beside<'_, '_> {
    /// Looks for indexes of other ways to ask, compares these with the statements as they are, and gives back
    /// what does not hold: what is measured is what is left. Answers all comparisons.
    pub(super) async fn run(
        mut self,
        advisor: &mut Advisor<'_>,
    ) -> Result<Vec<Compared>, ProofError> {
        let chosen = self.outcome.after.clone();
        let mut is_changed = self.look(advisor).await?;
        let mut all: Vec<Compared> = Vec::new();
        loop {
            if is_changed {
                self.settle(&chosen).await?;
            }
            // Those that are left are compared without what was given back.
            all.retain(|it| !self.stands(it.statement, &it.what));
            let advice = &self.outcome.advice;
            let compared = compare::rewrites(self.client, self.copy, self.statements, advice);
            all.extend(compared.await?);
            self.refuse(&all);
            is_changed = self.give_back(&chosen);
            if !is_changed {
                break;
            }
        }
        self.keep(&chosen);
        self.note();
        Ok(all)
    }

    /// Finds and builds new indexes, and leaves those with which another way pays. Answers whether any was
    /// built.
    async fn look(&mut self, advisor: &mut Advisor<'_>) -> Result<bool, ProofError> {
        let ways = self.ways().await?;
        let left = advisor.budget_bytes() - self.bench.bytes();
        if ways.is_empty() || left <= 0.0 {
            return Ok(false);
        }
        let asked = ways.iter().map(|way| way.statement.clone()).collect();
        let (mut new, rejected) = advisor.advise_beside(asked, left).await?;
        self.rejected = rejected;
        let known = &self.outcome.advice.indexes;
        new.retain(|it| known.iter().all(|one| one.index != it.index && one.name != it.name));
        if new.is_empty() {
            return Ok(false);
        }
        let unused = |advised| ForRewrite { advised, ways: Vec::new() };
        self.new = new.into_iter().map(unused).collect();
        for (index, rejected) in self.bench.build(&self.together()).await? {
            self.reject(&index, rejected);
        }
        self.fit(advisor.budget_bytes()).await?;
        let mut with = Vec::new();
        for (number, way) in ways.iter().enumerate() {
            let place = self.statements.len() + number;
            with.push(self.meter.measure(place, &way.statement, &[]).await?);
        }
        self.judge(&ways, &with);
        Ok(true)
    }

    /// Measures the other ways that mean the same, of statements that were measured.
    async fn ways(&mut self) -> Result<Vec<Way>, ProofError> {
        let mut ways = Vec::new();
        for rewrite in self.outcome.advice.rewrites.iter().filter(|it| it.is_same) {
            let place = rewrite.statement;
            let is_measured =
                self.outcome.after.get(place).is_some_and(|it| it.median_ms.is_some());
            let Some(asked) = self.statements.get(place).filter(|_| is_measured) else { continue };
            let name = format!("{}, written otherwise ({})", asked.name, rewrite.rule);
            let statement = Statement { name, sql: rewrite.sql.clone(), ..asked.clone() };
            let number = self.statements.len() + ways.len();
            let plain = self.meter.measure(number, &statement, &[]).await?;
            if plain.failed.is_none() {
                ways.push(Way { place, rule: rewrite.rule, statement, plain });
            }
        }
        Ok(ways)
    }

    /// Gives new indexes back until all that is built takes no more than it may: before, only estimates were
    /// known.
    async fn fit(&mut self, budget: f64) -> Result<(), ProofError> {
        loop {
            let over = self.bench.bytes() - budget;
            let is_new = |index: &Index| self.new.iter().any(|it| it.advised.index == *index);
            let sizes = self.bench.sizes().filter(|(index, _)| is_new(index));
            let Some((index, bytes)) = too_much(sizes, over) else { return Ok(()) };
            let index = index.clone();
            let reason = format!(
                "built, it takes {}, and all together more than they may; it is only for another way to ask",
                megabytes(bytes)
            );
            self.bench.remove(&index).await?;
            self.reject(&index, Rejected::index(&index, "over-the-budget", reason));
        }
    }

    /// Leaves the new indexes that a way uses which pays with them.
    fn judge(&mut self, ways: &[Way], with: &[Measured]) {
        let mut against = Vec::new();
        for it in &mut self.new {
            let index = &it.advised.index;
            let mut reasons = Vec::new();
            for (way, with) in ways.iter().zip(with).filter(|(_, it)| self.bench.is_used(index, it))
            {
                let Some(as_it_is) = self.outcome.after.get(way.place) else { continue };
                match objection(way, as_it_is, with) {
                    None => it.ways.push((way.place, way.rule)),
                    Some(reason) => reasons.push(reason),
                }
            }
            if it.ways.is_empty() {
                against.push((index.clone(), not_paying(index, &reasons)));
            }
        }
        for (index, rejected) in against {
            self.reject(&index, rejected);
        }
    }

    /// Measures the statements as they are written with what is left: what is no longer wanted goes, and what
    /// makes one of them slower goes as well. With none of the new ones left, all is as it was measured before.
    async fn settle(&mut self, chosen: &[Measured]) -> Result<(), ProofError> {
        loop {
            let indexes = self.together();
            self.bench.build(&indexes).await?;
            if self.new.is_empty() {
                self.outcome.after = chosen.to_vec();
                return Ok(());
            }
            let mut after = self.meter.all(self.statements).await?;
            let advice = Advice { indexes, ..self.outcome.advice.clone() };
            let both = (self.before, after.as_mut_slice());
            let blamed = slower(self.meter, self.bench, self.statements, &advice, both).await?;
            let Some(first) = blamed.first() else {
                self.outcome.after = after;
                return Ok(());
            };
            let name = self.statements.get(first.place).map_or("a statement", |it| &it.name);
            let reason =
                format!("with it beside the others {name} takes {:.1} ms longer", first.ms);
            let count = self.new.len();
            for it in blamed {
                self.reject(&it.index, it.rejected);
            }
            if self.new.len() == count {
                // It is one of those that were chosen, which did no harm before the new ones were there.
                for index in self.indexes_of_new() {
                    let rejected = Rejected::index(&index, "makes-nothing-slower", reason.clone());
                    self.reject(&index, rejected);
                }
            }
        }
    }

    /// Takes back other ways to ask that measuring speaks against.
    fn refuse(&mut self, all: &[Compared]) {
        let mut refused = Vec::new();
        let advice = &mut self.outcome.advice;
        advice.rewrites.retain(|rewrite| {
            let (place, rule) = (rewrite.statement, rewrite.rule);
            let compared = all.iter().find(|it| it.statement == place && it.what == rule);
            let reason = compared.and_then(Compared::refutation);
            let name = self.statements.get(place).map_or("a statement", |it| it.name.as_str());
            refused.extend(reason.iter().map(|reason| Rejected {
                what: format!("another way to write {name}"),
                rule,
                reason: reason.clone(),
            }));
            reason.is_none()
        });
        advice.rejected.extend(refused);
    }

    /// Takes back indexes that are for ways to ask that were taken back, unless a statement as it is written is
    /// done sooner with them. Answers whether there were any.
    fn give_back(&mut self, chosen: &[Measured]) -> bool {
        let mut gone = self.indexes_of_new();
        gone.retain(|index| {
            let mut ways = self.new.iter().filter(|it| it.advised.index == *index);
            let stands = ways.any(|it| it.ways.iter().any(|way| self.stands(way.0, way.1)));
            !stands && self.served(index, chosen).is_empty()
        });
        for index in &gone {
            let reason = "the other way to ask that it is for did not hold".to_owned();
            self.reject(index, Rejected::index(index, "saved-nothing", reason));
        }
        !gone.is_empty()
    }

    /// Adds what is left to what was chosen, each with the statements that it serves.
    fn keep(&mut self, chosen: &[Measured]) {
        for ForRewrite { mut advised, ways } in std::mem::take(&mut self.new) {
            let served = self.served(&advised.index, chosen);
            let stands = |(place, rule): &&(usize, &'static str)| self.stands(*place, rule);
            let ways: Vec<usize> = ways.iter().filter(stands).map(|(place, _)| *place).collect();
            let name = |place: usize| {
                self.statements.get(place).map_or("a statement", |it| it.name.as_str())
            };
            if ways.is_empty() {
                let names: Vec<&str> = served.iter().map(|(place, _)| name(*place)).collect();
                advised.purpose = format!("for {}", names.join(", "));
            }
            advised.why.extend(served.iter().map(|(place, times)| {
                format!("{}, as it is written, takes it: {times}", name(*place))
            }));
            advised.serves = ways.into_iter().chain(served.iter().map(|it| it.0)).collect();
            advised.serves.sort_unstable();
            advised.serves.dedup();
            self.outcome.advice.indexes.push(advised);
        }
        // What measuring says of an index counts, and not what was said before it was built.
        let (advice, refused) = (&mut self.outcome.advice, &mut self.outcome.refused);
        let kept: Vec<String> =
            advice.indexes.iter().map(|it| format!("index on {}", it.definition)).collect();
        refused.retain(|it| !kept.contains(&it.what));
        advice.rejected.retain(|it| {
            !kept.contains(&it.what) && refused.iter().all(|known| known.what != it.what)
        });
    }

    /// Returns the statements that are done sooner as they are written, their plans using an index: by their
    /// places, with the times without and with what is new.
    fn served(&self, index: &Index, chosen: &[Measured]) -> Vec<(usize, String)> {
        let both = chosen.iter().zip(&self.outcome.after).enumerate();
        both.filter(|(_, (without, with))| {
            self.bench.is_used(index, with) && is_sooner(without, with)
        })
        .map(|(place, (without, with))| (place, format!("{} → {}", without.shown(), with.shown())))
        .collect()
    }

    fn stands(&self, place: usize, rule: &str) -> bool {
        let mut known = self.outcome.advice.rewrites.iter();
        known.any(|it| it.statement == place && it.rule == rule)
    }

    /// Takes an index from the new ones, and says why.
    fn reject(&mut self, index: &Index, rejected: Rejected) {
        let count = self.new.len();
        self.new.retain(|it| it.advised.index != *index);
        let refused = &mut self.outcome.refused;
        if self.new.len() < count && refused.iter().all(|known| known.what != rejected.what) {
            refused.push(rejected);
        }
    }

    /// Keeps why indexes were not taken for other ways to ask, of those that nothing was said of yet. What one
    /// was weighed against may be gone by now, and is not named then.
    fn note(&mut self) {
        let Outcome { advice, refused, .. } = &mut *self.outcome;
        let indexes = &advice.indexes;
        for it in std::mem::take(&mut self.rejected) {
            let is_chosen = indexes.iter().any(|known| it.is_index(&known.index));
            let mut known = advice.rejected.iter().chain(refused.iter());
            if !is_chosen && known.all(|known| known.what != it.what) {
                let it = it.beside(|name| indexes.iter().any(|known| known.index.name() == name));
                let reason = format!("for another way to ask: {}", it.reason);
                advice.rejected.push(Rejected { reason, ..it });
            }
        }
    }

    fn together(&self) -> Vec<AdvisedIndex> {
        let new = self.new.iter().map(|it| &it.advised);
        self.outcome.advice.indexes.iter().chain(new).cloned().collect()
    }

    fn indexes_of_new(&self) -> Vec<Index> {
        self.new.iter().map(|it| it.advised.index.clone()).collect()
    }
}

/// Chooses what to give back where so many bytes are too many: the least that is enough, or else the most.
fn too_much<'i>(
    sizes: impl Iterator<Item = (&'i Index, f64)>,
    over: f64,
) -> Option<(&'i Index, f64)> {
    let sizes = sizes.filter(|_| over > 0.0);
    sizes.min_by(|(_, one), (_, other)| match (*one >= over, *other >= over) {
        (true, true) => one.total_cmp(other),
        (false, false) => other.total_cmp(one),
        (one, other) => other.cmp(&one),
    })
}

/// Whether a statement is done sooner by more than noise.
fn is_sooner(without: &Measured, with: &Measured) -> bool {
    let without = time(without);
    with.median_ms.is_some_and(|ms| ms * SLOWEST < without && without - ms > NOISE_MS)
}

/// Says why another way to ask does not pay with new indexes, where it does not.
fn objection(way: &Way, as_it_is: &Measured, with: &Measured) -> Option<String> {
    let name = &way.statement.name;
    let quickest = time(as_it_is).min(time(&way.plain));
    let pays = with.median_ms.is_some_and(|ms| ms * WORTH < quickest && quickest - ms > NOISE_MS);
    match as_it_is.same_rows(with) {
        Some(true) if pays => None,
        Some(false) => Some(format!("{name} gave other rows")),
        None if pays => Some(format!("whether {name} gives the same rows is not known")),
        _ => Some(format!(
            "{name} took {}, and without it {quickest:.1} ms in the quicker way",
            with.shown()
        )),
    }
}

fn not_paying(index: &Index, reasons: &[String]) -> Rejected {
    if reasons.is_empty() {
        let reason = "once it was built, no plan used it".to_owned();
        return Rejected::index(index, "used-once-built", reason);
    }
    Rejected::index(index, "saved-nothing", reasons.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::indexes::Key;

    fn took(ms: f64) -> Measured {
        let rows = (Some(1), Some("1".to_owned()));
        Measured { median_ms: Some(ms), rows: rows.0, hash: rows.1, ..Measured::default() }
    }

    #[test]
    fn the_least_that_is_enough_is_given_back_where_the_budget_is_exceeded() {
        let index = |name: &str| Index::btree("t", vec![Key::column(name)]);
        let (small, middle, large) = (index("small"), index("middle"), index("large"));
        let sizes = [(&large, 9.0), (&small, 1.0), (&middle, 4.0)];
        for (over, wanted) in [
            (-1.0, None),
            (0.0, None),
            (0.5, Some(&small)),
            (3.0, Some(&middle)),
            (5.0, Some(&large)),
            (20.0, Some(&large)),
        ] {
            let found = too_much(sizes.into_iter(), over).map(|(index, _)| index);
            assert_eq!(found, wanted, "{over}");
        }
    }

    #[test]
    fn an_index_pays_where_another_way_with_it_is_much_sooner_than_either_without() {
        let way = |plain: f64| Way {
            place: 0,
            rule: "day-of-time",
            statement: Statement { name: "it".to_owned(), ..Statement::default() },
            plain: took(plain),
        };
        assert_eq!(objection(&way(90.0), &took(100.0), &took(20.0)), None);
        // The other way was as quick without.
        let said = objection(&way(25.0), &took(100.0), &took(20.0)).unwrap();
        assert!(said.ends_with("without it 25.0 ms in the quicker way"), "{said}");
        let other_rows = Measured { rows: Some(2), ..took(20.0) };
        let said = objection(&way(90.0), &took(100.0), &other_rows).unwrap();
        assert_eq!(said, "it gave other rows");
    }

    #[test]
    fn a_statement_that_is_done_sooner_as_it_is_written_keeps_the_index() {
        assert!(is_sooner(&took(900.0), &took(20.0)));
        assert!(is_sooner(&Measured { limit_ms: 900.0, ..Measured::default() }, &took(20.0)));
        assert!(!is_sooner(&took(900.0), &took(880.0)));
        assert!(!is_sooner(&took(1.0), &took(0.1)), "noise");
        assert!(!is_sooner(&took(900.0), &Measured::default()));
    }
}
