//! Which index is to blame where a statement became slower, and which ones are of no use.

use super::build::Bench;
use super::meter::Meter;
use super::{FEWEST_RUNS, LEAST_MS, LOST_MS, Measured, NOISE_MS, ProofError, SLOWEST};
use crate::advice::{Advice, AdvisedIndex, Statement};
use crate::indexes::{Index, Rejected};

/// How many times what a statement loses counts against the choice that makes it slower.
pub(super) const WORTH: f64 = 10.0;

/// An index that makes a statement slower.
pub(super) struct Slower {
    /// The statement's place.
    pub(super) place: usize,
    pub(super) index: Index,
    /// How much it loses.
    pub(super) ms: f64,
    pub(super) rejected: Rejected,
}

/// Whether a statement became slower: by more than noise, or, where it is known to run often, by little each
/// time.
pub(super) fn is_slower(statement: &Statement, before: &Measured, after: &Measured) -> bool {
    match (before.median_ms, after.median_ms) {
        (Some(one), Some(other)) => {
            let lost = other - one;
            other > one * SLOWEST
                && (lost > NOISE_MS || adds_up(statement, lost) && is_apart(before, after))
        }
        // It ran into the time box with them, and not without.
        (Some(_), None) => after.failed.is_none(),
        (None, _) => false,
    }
}

/// Whether what is lost each time is much over all the runs that were counted.
fn adds_up(statement: &Statement, lost: f64) -> bool {
    statement.calls.is_some() && lost > LEAST_MS && lost * calls(statement) > LOST_MS
}

/// Whether each run was slower than any before.
fn is_apart(before: &Measured, after: &Measured) -> bool {
    let Some(([_, slowest], [quickest, _])) = before.spread_ms.zip(after.spread_ms) else {
        return false;
    };
    before.runs.min(after.runs) >= FEWEST_RUNS && quickest > slowest * SLOWEST
}

/// How long a statement took; the whole time box where that ran out.
pub(super) fn time(measured: &Measured) -> f64 {
    measured.median_ms.unwrap_or(measured.limit_ms)
}

/// Finds the indexes that make a statement slower: each that its plan uses is taken away for the length of a
/// transaction, and the one without which it is quickest is to blame.
pub(super) async fn slower(
    meter: &mut Meter<'_>,
    bench: &Bench<'_>,
    statements: &[Statement],
    advice: &Advice,
    (before, after): (&[Measured], &mut [Measured]),
) -> Result<Vec<Slower>, ProofError> {
    let mut found: Vec<Slower> = Vec::new();
    for (place, statement) in statements.iter().enumerate() {
        let (Some(before), Some(after)) = (before.get(place), after.get_mut(place)) else {
            continue;
        };
        if !is_slower(statement, before, after) {
            continue;
        }
        *after = meter.again(place, statement, &[]).await?;
        if !is_slower(statement, before, after) {
            continue;
        }
        let asked = (place, statement);
        for Blamed { index, without, ms } in
            blamed(meter, bench, asked, &advice.indexes, after).await?
        {
            let reason = format!(
                "{} took {:.1} ms without new indexes, {:.1} ms with them, and {ms:.1} ms without {without}",
                statement.name,
                time(before),
                time(after)
            );
            found.push(Slower {
                place,
                index: index.index.clone(),
                ms: time(after) - time(before),
                rejected: Rejected::index(&index.index, "makes-nothing-slower", reason),
            });
        }
    }
    Ok(found)
}

/// An index that is to blame.
struct Blamed<'a> {
    index: &'a AdvisedIndex,
    /// How long the statement takes without it, or without it and others.
    ms: f64,
    /// Without what, in words.
    without: &'static str,
}

/// Finds which of the indexes that a slow plan uses are to blame: the one without which it is quickest, or
/// all where no single one is. None is where it is as slow without any new index, now: then the machine is.
async fn blamed<'a>(
    meter: &mut Meter<'_>,
    bench: &Bench<'_>,
    (place, statement): (usize, &Statement),
    advised: &'a [AdvisedIndex],
    slow: &Measured,
) -> Result<Vec<Blamed<'a>>, ProofError> {
    let used: Vec<&AdvisedIndex> =
        advised.iter().filter(|it| bench.is_used(&it.index, slow)).collect();
    if used.is_empty() {
        return Ok(Vec::new());
    }
    let all = with_stand_ins(meter, bench, statement, advised, &used).await?;
    let without_all = meter.again(place, statement, &all).await?;
    if !is_slower(statement, &without_all, slow) {
        return Ok(Vec::new());
    }
    let mut best: Option<(&AdvisedIndex, f64)> = None;
    for index in &used {
        let ms = time(&meter.measure(place, statement, &[index]).await?);
        if best.is_none_or(|(_, known)| ms < known) {
            best = Some((index, ms));
        }
    }
    // Half of what is lost must come back with a single one.
    let middle = f64::midpoint(time(slow), time(&without_all));
    let (alone, together) = ("this one", "any of those that its plans take in turn");
    let (ms, without) = (time(&without_all), if all.len() == 1 { alone } else { together });
    Ok(match best {
        Some((index, ms)) if ms <= middle => vec![Blamed { index, ms, without: alone }],
        _ => used.into_iter().map(|index| Blamed { index, ms, without }).collect(),
    })
}

/// Returns indexes with those that the planner takes in their place: another new one may be as slow.
async fn with_stand_ins<'a>(
    meter: &Meter<'_>,
    bench: &Bench<'_>,
    statement: &Statement,
    advised: &'a [AdvisedIndex],
    used: &[&'a AdvisedIndex],
) -> Result<Vec<&'a AdvisedIndex>, ProofError> {
    let mut all = used.to_vec();
    loop {
        let names = meter.planned(statement, &all).await?;
        let is_stand_in = |it: &&AdvisedIndex| {
            bench.is_among(&it.index, &names) && all.iter().all(|known| known.index != it.index)
        };
        let more: Vec<&AdvisedIndex> = advised.iter().filter(is_stand_in).collect();
        if more.is_empty() {
            return Ok(all);
        }
        all.extend(more);
    }
}

/// Finds the indexes that no plan uses on the copy, whatever the planner said of their like.
pub(super) fn unused(
    bench: &Bench<'_>,
    advice: &Advice,
    after: &[Measured],
) -> Vec<(Index, Rejected)> {
    let indexes = advice.indexes.iter();
    indexes
        // Of a statement that was not measured nobody knows what its plan would have used.
        .filter(|advised| unmeasured(advised, after).is_none())
        .filter(|advised| !after.iter().any(|measured| bench.is_used(&advised.index, measured)))
        .map(|advised| {
            let reason = "once it was built, no plan used it".to_owned();
            (advised.index.clone(), Rejected::index(&advised.index, "used-once-built", reason))
        })
        .collect()
}

/// Returns the place of a statement that an index is for and that was not measured with it.
pub(super) fn unmeasured(advised: &AdvisedIndex, after: &[Measured]) -> Option<usize> {
    let is_measured = |place: usize| after.get(place).is_some_and(|it| it.median_ms.is_some());
    advised.serves.iter().copied().find(|place| !is_measured(*place))
}

/// Returns how much sooner the statements are done whose plans use an index.
pub(super) fn saved(
    bench: &Bench<'_>,
    index: &Index,
    statements: &[Statement],
    (before, after): (&[Measured], &[Measured]),
) -> f64 {
    let measured = statements.iter().zip(before).zip(after);
    measured
        .filter(|(_, after)| bench.is_used(index, after))
        .map(|((statement, before), after)| {
            (time(before) - time(after)).max(0.0) * calls(statement)
        })
        .sum()
}

/// How often a statement runs.
pub(super) fn calls(statement: &Statement) -> f64 {
    statement.weight()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn took(low: f64, median: f64, high: f64) -> Measured {
        Measured {
            median_ms: Some(median),
            spread_ms: Some([low, high]),
            runs: 5,
            ..Measured::default()
        }
    }

    fn asked(calls: Option<f64>) -> Statement {
        Statement { calls, ..Statement::default() }
    }

    #[test]
    fn little_is_lost_where_it_is_lost_often_and_each_time() {
        let (often, seldom, unknown) = (asked(Some(1e6)), asked(Some(100.0)), asked(None));
        let (before, doubled) = (took(0.9, 1.0, 1.1), took(1.9, 2.0, 2.1));
        assert!(is_slower(&often, &before, &doubled));
        assert!(!is_slower(&seldom, &before, &doubled), "a tenth of a second in all");
        assert!(!is_slower(&unknown, &before, &doubled));
        assert!(!is_slower(&often, &before, &took(1.0, 2.0, 2.1)), "one run was as quick");
        assert!(!is_slower(&often, &took(0.09, 0.1, 0.1), &took(0.12, 0.13, 0.14)), "noise");
        let once = |measured: Measured| Measured { runs: 1, ..measured };
        assert!(!is_slower(&often, &once(before.clone()), &once(doubled)));
        assert!(is_slower(&unknown, &before, &took(1.0, 4.0, 9.0)), "more than noise");
    }
}
