//! Indexes of statements as they would be written otherwise: looked for once those of the statements as they are
//! were chosen, and kept where only with them the other way is worth it.

use super::blame::{slower, time};
use super::build::Bench;
use super::meter::Meter;
use super::rounds::Outcome;
use super::{Measured, NOISE_MS, Proof, ProofError};
use crate::advice::{Advice, AdvisedIndex, Advisor, Statement};
use crate::indexes::{Index, Rejected};

/// How many times as quick a statement must be in its other way with new indexes as in either without.
const WORTH: f64 = 1.5;

/// An index for other ways to ask, each by its statement's place and its rule.
pub(super) struct ForRewrite {
    index: Index,
    definition: String,
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

/// Looks for indexes of other ways to ask, builds them beside those that were chosen, and keeps those that pay.
pub(super) async fn indexes(
    advisor: &mut Advisor<'_>,
    (bench, meter): (&mut Bench<'_>, &mut Meter<'_>),
    (statements, before): (&[Statement], &[Measured]),
    outcome: &mut Outcome,
) -> Result<Vec<ForRewrite>, ProofError> {
    let ways = ways(meter, statements, outcome).await?;
    let left = advisor.budget_bytes() - bench.bytes();
    if ways.is_empty() || left <= 0.0 {
        return Ok(Vec::new());
    }
    let asked = ways.iter().map(|way| way.statement.clone()).collect();
    let is_new = |it: &AdvisedIndex| {
        let mut known = outcome.advice.indexes.iter();
        known.all(|known| known.index != it.index && known.name != it.name)
    };
    let mut new = advisor.advise_beside(asked, left).await?;
    new.retain(is_new);
    let together = |new: &[AdvisedIndex]| {
        outcome.advice.indexes.iter().chain(new).cloned().collect::<Vec<AdvisedIndex>>()
    };
    let refused = bench.build(&together(&new)).await?;
    new.retain(|it| refused.iter().all(|(index, _)| *index != it.index));
    let mut found = Vec::new();
    for (number, way) in ways.iter().enumerate() {
        let with = meter.measure(statements.len() + number, &way.statement, &[]).await?;
        let Some(as_it_is) = outcome.after.get(way.place) else { continue };
        let quickest = time(as_it_is).min(time(&way.plain));
        let pays =
            with.median_ms.is_some_and(|ms| ms * WORTH < quickest && quickest - ms > NOISE_MS);
        if pays && as_it_is.same_rows(&with) == Some(true) {
            found.push((number, with));
        }
    }
    let pays = |it: &AdvisedIndex| found.iter().any(|(_, with)| bench.is_used(&it.index, with));
    new.retain(pays);
    // What is no longer wanted goes, and what makes a statement slower as it is written now goes as well.
    loop {
        bench.build(&together(&new)).await?;
        let mut after = meter.all(statements).await?;
        let advice = Advice { indexes: together(&new), ..outcome.advice.clone() };
        let blamed = slower(meter, bench, statements, &advice, (before, &mut after)).await?;
        let count = new.len();
        new.retain(|it| blamed.iter().all(|blamed| blamed.index != it.index));
        if new.len() == count {
            outcome.after = after;
            break;
        }
    }
    let mut kept = Vec::new();
    for it in &mut new {
        let used = found.iter().filter(|(_, with)| bench.is_used(&it.index, with));
        let used: Vec<&Way> = used.filter_map(|(number, _)| ways.get(*number)).collect();
        it.serves = used.iter().map(|way| way.place).collect();
        kept.push(ForRewrite {
            index: it.index.clone(),
            definition: it.definition.clone(),
            ways: used.iter().map(|way| (way.place, way.rule)).collect(),
        });
    }
    outcome.advice.indexes.extend(new);
    Ok(kept)
}

/// Measures the other ways that mean the same, of statements that were measured.
async fn ways(
    meter: &mut Meter<'_>,
    statements: &[Statement],
    outcome: &Outcome,
) -> Result<Vec<Way>, ProofError> {
    let mut ways = Vec::new();
    for rewrite in outcome.advice.rewrites.iter().filter(|it| it.is_same) {
        let place = rewrite.statement;
        let is_measured = outcome.after.get(place).is_some_and(|it| it.median_ms.is_some());
        let Some(asked) = statements.get(place).filter(|_| is_measured) else { continue };
        let name = format!("{}, written otherwise ({})", asked.name, rewrite.rule);
        let statement = Statement { name, sql: rewrite.sql.clone(), ..asked.clone() };
        let plain = meter.measure(statements.len() + ways.len(), &statement, &[]).await?;
        if plain.failed.is_none() {
            ways.push(Way { place, rule: rewrite.rule, statement, plain });
        }
    }
    Ok(ways)
}

/// Takes back indexes that are for ways to ask that were taken back.
pub(super) fn give_back(advice: &mut Advice, proof: &mut Proof, all: &[ForRewrite]) {
    for it in all {
        let stays = |(place, rule): &(usize, &str)| {
            advice.rewrites.iter().any(|known| known.statement == *place && known.rule == *rule)
        };
        if it.ways.iter().any(stays) {
            continue;
        }
        advice.indexes.retain(|advised| advised.index != it.index);
        proof.indexes.retain(|built| built.definition != it.definition);
        let reason = "the other way to ask that it is for did not hold".to_owned();
        proof.refused.push(Rejected::index(&it.index, "saved-nothing", reason));
    }
}
