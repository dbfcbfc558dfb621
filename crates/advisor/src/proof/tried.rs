//! What was measured with each index that was built, so that one that saved nothing is told where a later
//! choice leaves it out.

use std::collections::BTreeMap;

use super::blame::{calls, time, unmeasured};
use super::build::Bench;
use super::{Measured, SLOWEST};
use crate::advice::{AdvisedIndex, Statement};
use crate::indexes::{Index, Rejected};

/// All indexes that were built and measured, each with the times of the choice in which it did best.
#[derive(Debug, Default)]
pub(super) struct Tried {
    of: BTreeMap<Index, Vec<Use>>,
}

/// A statement whose plan used an index.
#[derive(Clone, Copy, Debug)]
struct Use {
    place: usize,
    /// None where it was not done within the time box.
    before_ms: Option<f64>,
    after_ms: f64,
}

impl Tried {
    /// Takes note of a choice that was measured.
    pub(super) fn note(
        &mut self,
        bench: &Bench<'_>,
        statements: &[Statement],
        advised: &[AdvisedIndex],
        (before, after): (&[Measured], &[Measured]),
    ) {
        for it in advised.iter().filter(|it| was_measured(bench, it, after)) {
            self.keep(&it.index, uses(bench, &it.index, (before, after)), statements);
        }
    }

    fn keep(&mut self, index: &Index, uses: Vec<Use>, statements: &[Statement]) {
        let saved = |uses: &[Use]| -> f64 {
            // One that was not done at all is worth most.
            let each = |it: &Use| {
                let ms = it.before_ms.map_or(f64::INFINITY, |before| before - it.after_ms);
                ms * statements.get(it.place).map_or(1.0, calls)
            };
            uses.iter().map(each).sum()
        };
        match self.of.get_mut(index) {
            Some(known) if known.is_empty() || saved(&uses) > saved(known) => *known = uses,
            Some(_) => {}
            None => {
                self.of.insert(index.clone(), uses);
            }
        }
    }

    /// Says of each index that saved nothing, and is neither kept nor refused already, what was measured
    /// with it. What another one outdid is told with what the search did not take.
    pub(super) fn given_back(
        &self,
        statements: &[Statement],
        kept: &[AdvisedIndex],
        refused: &[Rejected],
    ) -> Vec<Rejected> {
        let left_out =
            self.of.iter().filter(|(index, _)| kept.iter().all(|it| it.index != **index));
        left_out
            .filter_map(|(index, uses)| rejected(index, uses, statements))
            .filter(|it| refused.iter().all(|known| known.what != it.what))
            .collect()
    }
}

/// Finds the indexes of a choice that save nothing once they are built: no statement whose plan uses one is
/// done sooner by more than noise.
pub(super) fn in_vain(
    bench: &Bench<'_>,
    statements: &[Statement],
    advised: &[AdvisedIndex],
    (before, after): (&[Measured], &[Measured]),
) -> Vec<(Index, Rejected)> {
    advised
        .iter()
        .filter(|it| was_measured(bench, it, after))
        .filter_map(|AdvisedIndex { index, .. }| {
            let uses = uses(bench, index, (before, after));
            Some((index.clone(), rejected(index, &uses, statements)?))
        })
        .collect()
}

/// Whether all was measured that an index is for, or was used for: of what was not, nobody knows what it
/// saved.
fn was_measured(bench: &Bench<'_>, advised: &AdvisedIndex, after: &[Measured]) -> bool {
    let mut used = after.iter().filter(|it| bench.is_used(&advised.index, it));
    unmeasured(advised, after).is_none() && used.all(|it| it.median_ms.is_some())
}

fn uses(bench: &Bench<'_>, index: &Index, (before, after): (&[Measured], &[Measured])) -> Vec<Use> {
    let measured = before.iter().zip(after).enumerate();
    measured
        .filter(|(_, (_, after))| bench.is_used(index, after))
        .map(|(place, (before, after))| Use {
            place,
            before_ms: before.median_ms,
            after_ms: time(after),
        })
        .collect()
}

fn rejected(index: &Index, uses: &[Use], statements: &[Statement]) -> Option<Rejected> {
    if uses.is_empty() {
        let reason = "once it was built, no plan used it".to_owned();
        return Some(Rejected::index(index, "used-once-built", reason));
    }
    let mut times = Vec::new();
    for it in uses {
        // What is within a tenth is noise, as it is where a statement becomes slower.
        let before = it.before_ms.filter(|before| *before <= it.after_ms * SLOWEST)?;
        let name = statements.get(it.place).map_or("a statement", |known| known.name.as_str());
        times.push(format!(
            "{name} took {before:.1} ms without new indexes and {:.1} ms with it",
            it.after_ms
        ));
    }
    let reason = format!("{}: it saved less than a tenth", times.join("; "));
    Some(Rejected::index(index, "saved-nothing", reason))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::indexes::Key;

    fn index(name: &str) -> Index {
        Index::btree("t", vec![Key::column(name)])
    }

    fn used(before_ms: f64, after_ms: f64) -> Use {
        Use { place: 0, before_ms: Some(before_ms), after_ms }
    }

    fn given_back(tried: &Tried, refused: &[Rejected]) -> Vec<Rejected> {
        let statements = [Statement { name: "it".to_owned(), ..Statement::default() }];
        tried.given_back(&statements, &[], refused)
    }

    #[test]
    fn an_index_that_saved_nothing_is_told_with_the_times_of_its_best() {
        let mut tried = Tried::default();
        for after in [104.0, 98.0, 101.0] {
            tried.keep(&index("a"), vec![used(100.0, after)], &[]);
        }
        let reason =
            "it took 100.0 ms without new indexes and 98.0 ms with it: it saved less than a tenth";
        let wanted = Rejected::index(&index("a"), "saved-nothing", reason.to_owned());
        assert_eq!(given_back(&tried, &[]), [wanted]);
    }

    #[test]
    fn an_index_that_saved_something_was_not_in_vain() {
        let mut tried = Tried::default();
        for after in [120.0, 40.0, 90.0] {
            tried.keep(&index("a"), vec![used(100.0, after)], &[]);
        }
        assert_eq!(given_back(&tried, &[]), []);
    }

    #[test]
    fn an_index_with_which_a_statement_is_done_at_all_was_not_in_vain() {
        let mut tried = Tried::default();
        let done = Use { place: 0, before_ms: None, after_ms: 56_000.0 };
        tried.keep(&index("a"), vec![done], &[]);
        assert_eq!(given_back(&tried, &[]), []);
    }

    #[test]
    fn an_index_that_is_refused_already_is_told_once_and_an_unused_one_is_told() {
        let mut tried = Tried::default();
        tried.keep(&index("a"), vec![used(100.0, 200.0)], &[]);
        tried.keep(&index("b"), Vec::new(), &[]);
        let refused = [Rejected::index(&index("a"), "makes-nothing-slower", String::new())];
        let found: Vec<_> =
            given_back(&tried, &refused).into_iter().map(|it| (it.what, it.rule)).collect();
        assert_eq!(found, [("index on t (b)".to_owned(), "used-once-built")]);
    }
}
