//! Proof: what was chosen is built on a copy and measured, and what does not hold is given back.
//!
//! Nothing is told that was not measured. The planner's costs are wrong in sign now and then: an index that
//! makes any statement slower than without indexes is refused, and the choice is made again without it.

mod build;
mod compare;
mod error;
mod measure;
mod statistics;
mod writes;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use schemars::JsonSchema;
use serde::Serialize;
use shelfops_connection::Address;
use tokio_postgres::Client;

use crate::advice::{Advice, AdvisedIndex, Advisor, Asker, Statement};
use crate::indexes::{Index, Rejected, megabytes};
use build::Bench;
pub use build::Built;
pub use compare::{Compared, compare};
pub use error::ProofError;
pub use measure::Measured;
use measure::measure;
pub use writes::Writes;

/// No statement may become slower than this many times what it took without the new indexes.
pub const SLOWEST: f64 = 1.1;

/// Differences below this are noise on any machine.
const NOISE_MS: f64 = 2.0;

/// How often the choice is made again at most.
const MOST_ROUNDS: usize = 8;

/// A database in which anything may be built, and how to measure in it.
#[derive(Clone, Debug)]
pub struct Copy {
    /// Where it is.
    pub address: Address,
    /// As whom statements run; as the login unless said.
    pub asker: Option<Asker>,
    /// How often each statement is measured.
    pub runs: usize,
    /// How long one run may take.
    pub limit: Duration,
}

impl Copy {
    /// Names a database by its address.
    ///
    /// # Errors
    /// Refuses what is no address.
    pub fn at(
        url: &str,
        asker: Option<Asker>,
        runs: usize,
        limit: Duration,
    ) -> Result<Self, ProofError> {
        let address =
            Address::parse(url).map_err(|error| ProofError::BadAddress(error.to_string()))?;
        Ok(Self { address, asker, runs, limit })
    }
}

/// What was measured.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Proof {
    /// Each statement before and after.
    pub statements: Vec<Proved>,
    /// The indexes that held, as they were built.
    pub indexes: Vec<Built>,
    /// What they cost whoever writes.
    pub writes: Vec<Writes>,
    /// Other ways to ask, compared.
    pub rewrites: Vec<Compared>,
    /// Rollups, compared.
    pub rollups: Vec<Compared>,
    /// Statistics of columns that go together, compared: `what` makes them.
    pub statistics: Vec<Compared>,
    /// What did not hold.
    pub refused: Vec<Rejected>,
    /// How often the choice was made.
    pub rounds: usize,
    /// What could not be measured, and how it could.
    pub not_measured: Vec<String>,
    /// How long proving took.
    pub seconds: f64,
}

/// A statement before and after.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Proved {
    /// What it is called.
    pub name: String,
    /// Without the new indexes.
    pub before: Measured,
    /// With them.
    pub after: Measured,
    /// How many times quicker it became; below one it became slower. None where the time box ran out.
    pub quicker: Option<f64>,
    /// Whether both gave the same rows, whatever their order.
    pub is_same: Option<bool>,
}

/// Builds what an advisor chose on a copy and measures, choosing again without what does not hold.
///
/// # Errors
/// Fails when the copy's server does. A statement that runs into the time box is no failure.
pub async fn prove(advisor: &mut Advisor<'_>, copy: &Copy) -> Result<(Advice, Proof), ProofError> {
    let started = Instant::now();
    let client = connect(&copy.address).await?;
    let mut bench = Bench::of(&client);
    let before = measure_all(&client, copy, &advisor.statements).await?;
    let mut banned: BTreeSet<Index> = BTreeSet::new();
    let mut refused: Vec<Rejected> = Vec::new();
    let mut writes = Vec::new();
    let mut rounds = 0;
    let mut too_large = 0;
    let (advice, after) = loop {
        rounds += 1;
        let advice = advisor.advise(&banned).await?;
        let failed = bench.build(&advice.indexes).await?;
        // Sizes are estimates until they are built: the next choice knows better.
        for (index, bytes) in bench.sizes() {
            advisor.learn(index, bytes);
        }
        if failed.is_empty() && bench.bytes() > advisor.budget_bytes() && too_large < MOST_ROUNDS {
            // Nothing was measured: this is no round of those that measure.
            too_large += 1;
            continue;
        }
        let after = measure_all(&client, copy, &advisor.statements).await?;
        let mut against = failed;
        against.extend(slower(&bench, copy, advisor, &advice, (&before, &after)).await?);
        if against.is_empty() {
            against.extend(unused(&bench, &advice, &after));
        }
        if against.is_empty() || rounds - too_large >= MOST_ROUNDS {
            break (advice, after);
        }
        for (index, rejected) in against {
            bench.remove(&index).await?;
            banned.insert(index);
            refused.push(rejected);
        }
    };
    let (advice, after) = settle(copy, &mut bench, advisor, advice, (&before, after)).await?;
    let mut not_measured = taken_on_trust(&advisor.statements, &advice, &after);
    for table in bench.tables() {
        match writes::measure(&client, &bench, &table).await? {
            Ok(measured) => writes.push(measured),
            Err(reason) => not_measured.push(reason),
        }
    }
    if let Some(reason) = measure::cold_is_missing(&client).await? {
        not_measured.push(reason);
    }
    let mut proof = Proof {
        statements: Vec::new(),
        indexes: bench.built(),
        writes,
        rewrites: compare::rewrites(&client, copy, &advisor.statements, &advice).await?,
        rollups: compare::rollups(&client, copy, &advisor.statements, &advice).await?,
        statistics: statistics::compared(&client, copy, &advisor.statements, &after).await?,
        refused,
        rounds,
        not_measured,
        seconds: started.elapsed().as_secs_f64(),
    };
    proof.statements = proved(&advisor.statements, before, after);
    Ok((advice, proof))
}

/// Ends a search whose rounds were used up: what still makes a statement slower goes, and nothing new comes.
async fn settle(
    copy: &Copy,
    bench: &mut Bench<'_>,
    advisor: &Advisor<'_>,
    mut advice: Advice,
    (before, mut after): (&[Measured], Vec<Measured>),
) -> Result<(Advice, Vec<Measured>), ProofError> {
    loop {
        let mut against = slower(bench, copy, advisor, &advice, (before, &after)).await?;
        if against.is_empty() {
            against = unused(bench, &advice, &after);
        }
        if against.is_empty() && bench.bytes() > advisor.budget_bytes() {
            against.extend(least_worth(bench, &advice, (before, &after)));
        }
        if against.is_empty() {
            return Ok((advice, after));
        }
        for (index, rejected) in against {
            bench.remove(&index).await?;
            advice.indexes.retain(|advised| advised.index != index);
            advice.rejected.push(rejected);
        }
        after = measure_all(bench.client, copy, &advisor.statements).await?;
    }
}

pub(crate) async fn connect(address: &Address) -> Result<Client, ProofError> {
    address.connect("shelfops advisor").await.map_err(error::doing("connect to the copy"))
}

async fn measure_all(
    client: &Client,
    copy: &Copy,
    statements: &[Statement],
) -> Result<Vec<Measured>, ProofError> {
    let mut all = Vec::with_capacity(statements.len());
    for statement in statements {
        all.push(measure(client, copy, statement).await?);
    }
    Ok(all)
}

/// Finds the indexes that make a statement slower: each that its plan uses is taken away for the length of a
/// transaction, and the one without which it is quickest is to blame.
async fn slower(
    bench: &Bench<'_>,
    copy: &Copy,
    advisor: &Advisor<'_>,
    advice: &Advice,
    (before, after): (&[Measured], &[Measured]),
) -> Result<Vec<(Index, Rejected)>, ProofError> {
    let mut found: Vec<(Index, Rejected)> = Vec::new();
    for ((statement, before), after) in advisor.statements.iter().zip(before).zip(after) {
        if !is_slower(before, after) {
            continue;
        }
        // Measured once more: another's work may have come between.
        let again = measure(bench.client, copy, statement).await?;
        let Some(wanted) = before.median_ms else { continue };
        if !is_slower(before, &again) {
            continue;
        }
        let used: Vec<&AdvisedIndex> = advice
            .indexes
            .iter()
            .filter(|it| {
                bench.is_used(&it.index, &again)
                    && found.iter().all(|(known, _)| *known != it.index)
            })
            .collect();
        for (index, without) in blamed(bench.client, copy, statement, &used, &again).await? {
            let reason = format!(
                "{} took {wanted:.1} ms without new indexes, {:.1} ms with them, and {without:.1} ms without \
                 this one",
                statement.name,
                again.median_ms.unwrap_or(f64::INFINITY)
            );
            let rejected = Rejected::index(&index.index, "makes-nothing-slower", reason);
            found.push((index.index.clone(), rejected));
        }
    }
    Ok(found)
}

/// Finds which of the indexes that a slow plan uses are to blame, each with the time without it: the one
/// without which it is quickest, or all where no single one is. None is where it is as slow without them,
/// now: then the machine is.
async fn blamed<'a>(
    client: &Client,
    copy: &Copy,
    statement: &Statement,
    used: &[&'a AdvisedIndex],
    slow: &Measured,
) -> Result<Vec<(&'a AdvisedIndex, f64)>, ProofError> {
    let time = |measured: &Measured| measured.median_ms.unwrap_or(f64::INFINITY);
    if used.is_empty() {
        return Ok(Vec::new());
    }
    let without_all = measure::without(client, copy, statement, used).await?;
    if !is_slower(&without_all, slow) {
        return Ok(Vec::new());
    }
    let mut best: Option<(&AdvisedIndex, f64)> = None;
    for index in used {
        let ms = time(&measure::without(client, copy, statement, &[index]).await?);
        if best.is_none_or(|(_, known)| ms < known) {
            best = Some((index, ms));
        }
    }
    // Half of what is lost must come back with a single one.
    let middle = f64::midpoint(time(slow), time(&without_all));
    Ok(match best {
        Some((index, ms)) if ms <= middle => vec![(index, ms)],
        _ => used.iter().map(|index| (*index, time(&without_all))).collect(),
    })
}

fn is_slower(before: &Measured, after: &Measured) -> bool {
    match (before.median_ms, after.median_ms) {
        (Some(before), Some(after)) => after > before * SLOWEST && after - before > NOISE_MS,
        // It ran into the time box with them, and not without.
        (Some(_), None) => true,
        (None, _) => false,
    }
}

/// Finds the indexes that no plan uses on the copy, whatever the planner said of their like.
fn unused(bench: &Bench<'_>, advice: &Advice, after: &[Measured]) -> Vec<(Index, Rejected)> {
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
fn unmeasured(advised: &AdvisedIndex, after: &[Measured]) -> Option<usize> {
    let is_measured = |place: usize| after.get(place).is_some_and(|it| it.median_ms.is_some());
    advised.serves.iter().copied().find(|place| !is_measured(*place))
}

/// Says which indexes held only because a statement that they are for was not measured.
fn taken_on_trust(statements: &[Statement], advice: &Advice, after: &[Measured]) -> Vec<String> {
    let on_trust = advice.indexes.iter().filter_map(|advised| {
        let place = unmeasured(advised, after)?;
        let name = statements.get(place).map_or("a statement", |it| it.name.as_str());
        let said = after.get(place).map(Measured::shown).unwrap_or_default();
        Some(format!(
            "what {} brings {name} ({said}): give values, or a longer time box",
            advised.definition
        ))
    });
    on_trust.collect()
}

/// Gives back the index that saved least, where all together take more than they may once they are built.
fn least_worth(
    bench: &Bench<'_>,
    advice: &Advice,
    (before, after): (&[Measured], &[Measured]),
) -> Option<(Index, Rejected)> {
    let time = |all: &[Measured], place: usize| {
        all.get(place).map_or(0.0, |it| it.median_ms.unwrap_or(it.limit_ms))
    };
    let saved = |index: &Index| -> f64 {
        let serves =
            advice.indexes.iter().filter(|it| it.index == *index).flat_map(|it| &it.serves);
        serves.map(|place| time(before, *place) - time(after, *place)).sum()
    };
    let least = bench.sizes().min_by(|(one, _), (other, _)| saved(one).total_cmp(&saved(other)));
    least.map(|(index, bytes)| {
        let reason = format!(
            "built, it takes {}, and all together more than they may; its statements gained {:.0} ms, less \
             than those of the others",
            megabytes(bytes),
            saved(index).max(0.0)
        );
        (index.clone(), Rejected::index(index, "over-the-budget", reason))
    })
}

fn proved(statements: &[Statement], before: Vec<Measured>, after: Vec<Measured>) -> Vec<Proved> {
    let measured = statements.iter().zip(before).zip(after);
    measured
        .map(|((statement, before), after)| Proved {
            name: statement.name.clone(),
            quicker: match (before.median_ms, after.median_ms) {
                (Some(before), Some(after)) => Some(before / after.max(0.001)),
                _ => None,
            },
            is_same: before.same_rows(&after),
            before,
            after,
        })
        .collect()
}
