//! Proof: what was chosen is built on a copy and measured, and what does not hold is given back.
//!
//! Nothing is told that was not measured. The planner's costs are wrong in sign now and then: where an index
//! makes a statement slower than without indexes, it is refused, and the choice is made again knowing that.

mod blame;
mod build;
mod compare;
mod doubts;
mod error;
mod measure;
mod meter;
mod rewritten;
mod rounds;
mod statistics;
mod tried;
mod writes;

use std::time::{Duration, Instant};

use schemars::JsonSchema;
use serde::Serialize;
use shelfops_connection::Address;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error};

use crate::advice::{Advice, Advisor, Asker, Statement};
use crate::indexes::Rejected;
use crate::plans::describe;
use crate::rollups::{OVER_A_SECOND, RollupAdvice, too_quick};
use build::Bench;
pub use build::Built;
pub use compare::{Compared, compare};
pub use error::ProofError;
pub use measure::Measured;
use meter::Meter;
use rewritten::Beside;
use rounds::Rounds;
pub(crate) use statistics::undo_of;
pub use writes::Writes;

/// No statement may become slower than this many times what it took without the new indexes.
pub const SLOWEST: f64 = 1.1;

/// The rule that a rollup must keep once it is measured.
const SAYS_THE_SAME_SOONER: &str = "rollup-says-the-same-sooner";

/// Making what is kept, or an index, may take this many times as long as one run of a statement.
const MAKING: u32 = 5;

/// Differences below this are noise on any machine …
const NOISE_MS: f64 = 2.0;

/// … unless no run was as quick as any before, of this many at least …
const FEWEST_RUNS: usize = 3;

/// … and the runs that were counted lose that much together, each at least so much.
const LOST_MS: f64 = 1_000.0;
const LEAST_MS: f64 = 0.05;

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

    /// Returns how long making something may take, as the server counts it.
    fn making_ms(&self) -> i32 {
        let limit = self.limit.saturating_mul(MAKING).as_millis().max(1);
        // Beyond that the server cannot count.
        i32::try_from(limit).unwrap_or(i32::MAX)
    }

    /// Makes something within that time; answers why the server does not, where it does not.
    async fn make(&self, client: &Client, sql: &str) -> Result<Result<(), String>, Error> {
        let limit = self.making_ms();
        // All of it is one transaction, which the limit does not outlive.
        let boxed = format!("set local statement_timeout = {limit}; {sql}");
        match client.batch_execute(&boxed).await {
            Ok(()) => Ok(Ok(())),
            Err(error) if error.code() == Some(&SqlState::QUERY_CANCELED) => {
                let seconds = f64::from(limit) / 1_000.0;
                Ok(Err(format!(
                    "it could not be made in time, which is {seconds} s: a longer time box allows more"
                )))
            }
            Err(error) if error.as_db_error().is_some() => Ok(Err(describe(&error))),
            Err(error) => Err(error),
        }
    }

    /// Whether it is the database that a session is in, however either of them is addressed: a lock that
    /// the session takes shows there.
    ///
    /// # Errors
    /// Fails when either server does.
    pub async fn is_where(&self, session: &Client) -> Result<bool, ProofError> {
        let compare =
            error::doing("compare the database to prove in with the one that is advised on");
        let key = session
            .query_one(
                "select pg_backend_pid(),
                     ((extract(epoch from clock_timestamp()) * 1000)::int8 % 2147483647)::int4",
                &[],
            )
            .await
            .map_err(&compare)?;
        let key: [i32; 2] = [key.get(0), key.get(1)];
        let key: [&(dyn ToSql + Sync); 2] = [&key[0], &key[1]];
        session.execute("select pg_advisory_lock($1, $2)", &key).await.map_err(&compare)?;
        let client = connect(&self.address).await?;
        let shows = client
            .query_one(
                "select exists (
                     select from pg_locks
                     where locktype = 'advisory' and objsubid = 2
                         and classid = $1::int4::oid
                         and objid = $2::int4::oid
                         and database = (
                             select oid from pg_database where datname = current_database()
                         )
                 )",
                &key,
            )
            .await
            .map_err(&compare);
        session.execute("select pg_advisory_unlock($1, $2)", &key).await.map_err(&compare)?;
        Ok(shows?.get(0))
    }
}

/// What was measured.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Proof {
    /// Each statement before and after.
    pub statements: Vec<Proved>,
    /// The indexes that held, as they were built.
    pub indexes: Vec<Built>,
    /// Those of them that held only because a statement that they are for was not measured, by their
    /// definitions.
    pub on_trust: Vec<String>,
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

/// Builds what an advisor chose on a copy and measures, choosing again by what was measured.
///
/// # Errors
/// Fails when the copy's server does. A statement that runs into the time box is no failure.
pub async fn prove(advisor: &mut Advisor<'_>, copy: &Copy) -> Result<(Advice, Proof), ProofError> {
    let started = Instant::now();
    advisor.rest().await?;
    let client = connect(&copy.address).await?;
    let mut bench = Bench::of(&client, copy);
    let mut meter = Meter::of(&client, copy);
    let statements = advisor.statements.clone();
    let before = meter.all(&statements).await?;
    let times: Vec<Option<f64>> =
        before.iter().map(|it| it.failed.is_none().then(|| blame::time(it))).collect();
    advisor.weigh(&times);
    let rounds = Rounds::new(&mut bench, &mut meter, &statements, &before);
    let mut outcome = rounds.run(advisor).await?;
    let beside = Beside {
        client: &client,
        copy,
        bench: &mut bench,
        meter: &mut meter,
        statements: &statements,
        before: &before,
        outcome: &mut outcome,
        new: Vec::new(),
        rejected: Vec::new(),
    };
    // What comes from here on is measured with what is left.
    let rewrites = beside.run(advisor).await?;
    let (mut advice, after) = (outcome.advice, outcome.after);
    refuse_quick(&mut advice, &statements, &before, advisor.slow_ms());
    let (on_trust, mut not_measured): (Vec<String>, Vec<String>) =
        taken_on_trust(&statements, &advice, &after).into_iter().unzip();
    not_measured.extend(not_run(&statements, &before));
    not_measured.extend(without_rows(&statements, &before));
    let mut writes = Vec::new();
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
        on_trust,
        writes,
        rewrites,
        rollups: compare::rollups(&client, copy, &statements, &advice).await?,
        statistics: statistics::compared(&client, copy, &statements, &after).await?,
        refused: outcome.refused,
        rounds: outcome.rounds,
        not_measured,
        seconds: started.elapsed().as_secs_f64(),
    };
    proof.statements = proved(&statements, before, after);
    refuse_refuted(&mut advice, &proof);
    Ok((advice, proof))
}

/// Takes back rollups that measuring speaks against.
fn refuse_refuted(advice: &mut Advice, proof: &Proof) {
    let against = |rollup: &RollupAdvice| {
        let mut all = proof.rollups.iter();
        let is_of_it = |it: &&Compared| it.statement == rollup.statement && it.what == rollup.name;
        all.find(is_of_it).and_then(Compared::refutation)
    };
    let name = |place: usize| {
        proof.statements.get(place).map_or("a statement", |it| it.name.as_str()).to_owned()
    };
    let mut refused = Vec::new();
    advice.rollups.retain(|rollup| {
        let reason = against(rollup);
        refused.extend(reason.iter().map(|reason| Rejected {
            what: format!("the rollup {} for {}", rollup.name, name(rollup.statement)),
            rule: SAYS_THE_SAME_SOONER,
            reason: reason.clone(),
        }));
        reason.is_none()
    });
    advice.rejected.extend(refused);
}

pub(crate) async fn connect(address: &Address) -> Result<Client, ProofError> {
    address.connect("shelfops advisor").await.map_err(error::doing("connect to the copy"))
}

/// Takes back rollups of statements that nobody had measured and that are quick without.
fn refuse_quick(advice: &mut Advice, statements: &[Statement], before: &[Measured], slow_ms: f64) {
    let quick = |rollup: &RollupAdvice| {
        let statement = statements.get(rollup.statement).filter(|it| it.mean_ms.is_none())?;
        let ms = before.get(rollup.statement)?.median_ms.filter(|ms| *ms < slow_ms)?;
        Some((statement.name.clone(), ms))
    };
    for rollup in std::mem::take(&mut advice.rollups) {
        match quick(&rollup) {
            None => advice.rollups.push(rollup),
            Some((name, ms)) => advice.rejected.push(Rejected {
                what: format!("a rollup that is kept for {name}"),
                rule: OVER_A_SECOND,
                reason: too_quick(ms, slow_ms),
            }),
        }
    }
}

/// Says which statements the server refused to run as they are: nothing is advised for them then.
fn not_run(statements: &[Statement], before: &[Measured]) -> Vec<String> {
    let refused = statements.iter().zip(before).filter_map(|(statement, measured)| {
        let reason = measured.failed.as_ref()?;
        Some(format!("{} ({reason}): give values, or a text that runs by itself", statement.name))
    });
    refused.collect()
}

/// Says which statements found nothing with the values that were found for them: those say little.
fn without_rows(statements: &[Statement], before: &[Measured]) -> Vec<String> {
    let empty = statements.iter().zip(before).filter_map(|(statement, measured)| {
        statement.found.as_ref().filter(|_| measured.rows == Some(0))?;
        let name = &statement.name;
        Some(format!(
            "{name} where it finds something: with its values it gave no rows; give others"
        ))
    });
    empty.collect()
}

/// Returns the indexes that held only because a statement that they are for was not measured, each with what
/// to do about it.
fn taken_on_trust(
    statements: &[Statement],
    advice: &Advice,
    after: &[Measured],
) -> Vec<(String, String)> {
    let on_trust = advice.indexes.iter().filter_map(|advised| {
        let place = blame::unmeasured(advised, after)?;
        let name = statements.get(place).map_or("a statement", |it| it.name.as_str());
        let said = after.get(place).map(Measured::shown).unwrap_or_default();
        let definition = &advised.definition;
        let how =
            format!("what {definition} brings {name} ({said}): give values, or a longer time box");
        Some((definition.clone(), how))
    });
    on_trust.collect()
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
