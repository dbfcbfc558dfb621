//! Judges what a rehearsal saw: whether it is safe, and what would be safer.
//!
//! Rows count as they are in the database, where a sample was rehearsed on: estimated from the sample's
//! share. Below ten thousand rows work is over before anybody notices, whatever it locks.

mod alternatives;
mod render;

use schemars::JsonSchema;
use serde::Serialize;

pub use render::{Shown, page};

use super::run::{Failure, LockMode, LockTaken, MigrationRun, StatementRun, WayBack};
use crate::lint::Script;
use crate::lint::script::Action;
use alternatives::instead;

/// Rows below which work is over before anybody notices: the linter says the same.
const SMALL_ROWS: u64 = 10_000;

/// How long a lock may be held, whatever for, in milliseconds.
const BRIEF_MS: f64 = 1_000.0;

/// How a migration is judged, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It can run while others work.
    Safe,
    /// It can run, and somebody should know something first.
    Careful,
    /// It stops others, loses something, or breaks what runs.
    Dangerous,
    /// It does not go through.
    Fails,
}

impl Verdict {
    /// Returns its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Careful => "careful",
            Self::Dangerous => "dangerous",
            Self::Fails => "fails",
        }
    }
}

/// A migration, judged.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Judgement {
    /// The verdict: that of its gravest reason.
    pub verdict: Verdict,
    /// The reasons, gravest first.
    pub reasons: Vec<Reason>,
}

/// One reason for a verdict.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Reason {
    /// How grave it is.
    pub verdict: Verdict,
    /// The line of the statement it is about.
    pub line: Option<usize>,
    /// What is so.
    pub claim: String,
    /// What was seen.
    pub evidence: String,
    /// What to do instead.
    pub instead: Option<String>,
}

/// Judges a migration by what applying it and taking it back did.
pub fn judge(run: &MigrationRun) -> Judgement {
    let mut reasons = Vec::new();
    let mut held: Vec<(usize, &LockTaken, f64)> = Vec::new();
    let mut transaction = None;
    for statement in &run.statements {
        if statement.transaction.is_none() || statement.transaction != transaction {
            held.clear();
            transaction = statement.transaction;
        }
        let new = statement.locks.iter().filter(|lock| lock.is_table && lock.mode.stops_writes());
        held.extend(new.map(|lock| (statement.line, lock, 0.0)));
        for lock in &mut held {
            lock.2 += statement.duration_ms;
        }
        judge_statement(statement, &held, &mut reasons);
    }
    several_closed(run, &mut reasons);
    judge_program(run, &mut reasons);
    if let Some(down) = &run.down {
        judge_way_back(down, &mut reasons);
    }
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.verdict));
    let verdict = reasons.iter().map(|reason| reason.verdict).max().unwrap_or(Verdict::Safe);
    Judgement { verdict, reasons }
}

fn judge_statement(
    statement: &StatementRun,
    held: &[(usize, &LockTaken, f64)],
    reasons: &mut Vec<Reason>,
) {
    let action = action_of(statement);
    let instead = || instead(&action);
    let line = Some(statement.line);
    if let Some(failure) = &statement.failure {
        reasons.push(failing(failure, line));
        return;
    }
    for lost in &statement.lost {
        reasons.push(Reason {
            verdict: Verdict::Dangerous,
            line,
            claim: format!("the values of {} are gone", lost.what),
            evidence: format!("{} rows of the copy had some", lost.rows),
            instead: instead(),
        });
    }
    let works = works(statement);
    let is_large = |work: &&Work<'_>| work.real_rows >= SMALL_ROWS;
    let heaviest = works.iter().filter(is_large).max_by_key(|work| work.weight);
    let strongest = held.iter().max_by_key(|(_, lock, _)| (lock.mode, lock.real_rows));
    match (strongest, heaviest) {
        (Some((since, lock, _)), Some(work)) => {
            reasons.push(closed(statement, (*since, lock), work, instead()));
        }
        (Some((since, lock, ms)), _) if *ms >= BRIEF_MS && lock.real_rows > 0 => {
            reasons.push(Reason {
                verdict: Verdict::Dangerous,
                line,
                claim: format!("{} is held for {ms:.0} ms", lock_shown(lock)),
                evidence: format!("taken in line {since}; {}", waits(statement)),
                instead: Some(alternatives::SHORTER.to_owned()),
            });
        }
        (None, Some(work)) if work.weight == Weight::Change => {
            reasons.push(Reason {
                verdict: Verdict::Dangerous,
                line,
                claim: format!(
                    "{} rows of {} are changed, and locked, in one transaction",
                    work.real_rows, work.relation
                ),
                evidence: evidence(statement, work),
                instead: instead(),
            });
        }
        (None, Some(work)) if work.weight == Weight::Rewrite => {
            reasons.push(Reason {
                verdict: Verdict::Dangerous,
                line,
                claim: format!("{} is written anew", work.relation),
                evidence: evidence(statement, work),
                instead: instead(),
            });
        }
        (Some((_, lock, _)), _) => reasons.push(Reason {
            verdict: Verdict::Safe,
            line,
            claim: format!("{} for a moment", lock_shown(lock)),
            evidence: format!("{:.1} ms, nothing large is read or written", statement.duration_ms),
            instead: None,
        }),
        (None, Some(work)) => reasons.push(Reason {
            verdict: Verdict::Safe,
            line,
            claim: format!(
                "{} rows of {} are {}, while others work",
                work.real_rows, work.relation, work.what
            ),
            evidence: evidence(statement, work),
            instead: None,
        }),
        (None, _) => {}
    }
}

/// Work on rows that were there before.
struct Work<'s> {
    relation: &'s str,
    what: &'static str,
    rows: u64,
    real_rows: u64,
    weight: Weight,
}

/// What says most of what a statement does, least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    Read,
    Reindex,
    Build,
    Change,
    Rewrite,
}

impl Weight {
    const fn shown(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Reindex => "put into an index again",
            Self::Build => "put into an index",
            Self::Change => "changed",
            Self::Rewrite => "written anew",
        }
    }
}

fn works(statement: &StatementRun) -> Vec<Work<'_>> {
    let work = |weight: Weight, relation, rows, real_rows| Work {
        relation,
        what: weight.shown(),
        rows,
        real_rows,
        weight,
    };
    let rewritten = statement.rewritten.iter().map(|it| {
        let weight = if it.is_index { Weight::Reindex } else { Weight::Rewrite };
        work(weight, it.relation.as_str(), it.rows, it.real_rows)
    });
    let built = statement
        .built
        .iter()
        .map(|it| work(Weight::Build, it.relation.as_str(), it.rows, it.real_rows));
    let changed = statement
        .changed
        .iter()
        .map(|it| work(Weight::Change, it.relation.as_str(), it.rows, it.real_rows));
    let scanned = statement
        .scanned
        .iter()
        .map(|it| work(Weight::Read, it.relation.as_str(), it.rows, it.real_rows));
    scanned.chain(built).chain(changed).chain(rewritten).collect()
}

fn closed(
    statement: &StatementRun,
    (since, lock): (usize, &LockTaken),
    work: &Work<'_>,
    instead: Option<String>,
) -> Reason {
    let since = match since == statement.line {
        true => String::new(),
        false => format!(", since line {since},"),
    };
    Reason {
        verdict: Verdict::Dangerous,
        line: Some(statement.line),
        claim: format!(
            "{}{since} while {} rows of {} are {}",
            lock_shown(lock),
            work.real_rows,
            work.relation,
            work.what
        ),
        evidence: evidence(statement, work),
        instead: instead.or_else(|| Some(alternatives::SHORTER.to_owned())),
    }
}

fn evidence(statement: &StatementRun, work: &Work<'_>) -> String {
    let took = format!("{:.0} ms", statement.duration_ms);
    let took = match work.real_rows > work.rows && work.rows > 0 {
        true => format!(
            "{took} for the copy's {} rows; about {} for all, if time grows with rows",
            work.rows,
            time_shown(statement.duration_ms * work.real_rows as f64 / work.rows as f64)
        ),
        false => took,
    };
    format!("{took}; {}", waits(statement))
}

fn waits(statement: &StatementRun) -> String {
    match statement.blocked.waits {
        0 => "nobody of the workload was seen waiting".to_owned(),
        waits => format!("{waits} waits, the longest {:.0} ms", statement.blocked.longest_ms),
    }
}

pub(super) fn time_shown(ms: f64) -> String {
    if ms < 1_000.0 {
        format!("{ms:.0} ms")
    } else if ms < 120_000.0 {
        format!("{:.0} s", ms / 1_000.0)
    } else {
        format!("{:.0} min", ms / 60_000.0)
    }
}

fn lock_shown(lock: &LockTaken) -> String {
    format!("{} is locked ({}: {})", lock.relation, lock.mode, lock.mode.keeps_out())
}

fn failing(failure: &Failure, line: Option<usize>) -> Reason {
    let (evidence, instead) = match &failure.violations {
        Some(found) if found.rows > 0 => {
            let real = match found.real_rows > found.rows {
                true => format!(" (about {} of all)", found.real_rows),
                false => String::new(),
            };
            let examples = match found.examples.as_slice() {
                [] => String::new(),
                some => format!(": {}", some.join(", ")),
            };
            (format!("{} rows{real} {}{examples}", found.rows, found.what), alternatives::REPAIR)
        }
        _ => (format!("code {}", failure.code), alternatives::MEND),
    };
    let evidence = match failure.left_behind.as_slice() {
        [] => evidence,
        left => format!("{evidence}; invalid indexes are left: {}", left.join(", ")),
    };
    Reason {
        verdict: Verdict::Fails,
        line,
        claim: format!("it fails: {}", failure.message),
        evidence,
        instead: Some(instead.to_owned()),
    }
}

/// Tables that one transaction closes to readers: whoever takes them in another order waits for it, and
/// it for them.
fn several_closed(run: &MigrationRun, reasons: &mut Vec<Reason>) {
    let mut by_transaction: Vec<(usize, Vec<&str>)> = Vec::new();
    for statement in &run.statements {
        let Some(number) = statement.transaction else { continue };
        if by_transaction.last().is_none_or(|(last, _)| *last != number) {
            by_transaction.push((number, Vec::new()));
        }
        let Some((_, tables)) = by_transaction.last_mut() else { continue };
        for lock in statement.locks.iter().filter(|it| it.is_table) {
            let is_heavy = lock.mode == LockMode::AccessExclusive && lock.real_rows >= SMALL_ROWS;
            if is_heavy && !tables.contains(&lock.relation.as_str()) {
                tables.push(&lock.relation);
            }
        }
    }
    for (_, tables) in by_transaction.into_iter().filter(|(_, tables)| tables.len() > 1) {
        reasons.push(Reason {
            verdict: Verdict::Careful,
            line: None,
            claim: format!("one transaction closes several tables: {}", tables.join(", ")),
            evidence: "each waits for its readers while those before it are closed".to_owned(),
            instead: Some("a migration for each table, so that each is closed alone".to_owned()),
        });
    }
}

fn judge_program(run: &MigrationRun, reasons: &mut Vec<Reason>) {
    for broken in &run.broken {
        reasons.push(Reason {
            verdict: Verdict::Dangerous,
            line: None,
            claim: format!("a statement that ran before fails now: {}", broken.error),
            evidence: broken.statement.clone(),
            instead: Some(alternatives::EXPAND.to_owned()),
        });
    }
    if let Some(failure) = &run.workload.failure {
        reasons.push(Reason {
            verdict: Verdict::Careful,
            line: None,
            claim: format!("under load it did not get through: {}", failure.message),
            evidence: format!(
                "code {}, with {} sessions at work",
                failure.code, run.workload.sessions
            ),
            instead: Some("run it again when it fails so, at a quiet hour".to_owned()),
        });
    }
}

fn judge_way_back(down: &WayBack, reasons: &mut Vec<Reason>) {
    let mut add = |verdict, claim: String, evidence: String, instead: &str| {
        let instead = Some(instead.to_owned());
        reasons.push(Reason { verdict, line: None, claim, evidence, instead });
    };
    if let Some(failure) = down.failure() {
        let evidence = failing(failure, None).evidence;
        let claim = format!("it cannot be taken back: {}", failure.message);
        add(Verdict::Dangerous, claim, evidence, "write a down that works with the rows there are");
    }
    if !down.lost_data.is_empty() {
        add(
            Verdict::Dangerous,
            "taking it back does not bring back the rows".to_owned(),
            down.lost_data.join("; "),
            "keep what is taken away, in a column or table of its own, until nobody needs the way back",
        );
    }
    if let Some(failure) = &down.again_failed {
        let claim = format!("after taking it back it does not apply again: {}", failure.message);
        let evidence = format!("code {}", failure.code);
        add(Verdict::Dangerous, claim, evidence, "have down remove everything that up makes");
    }
    if !down.schema_differences.is_empty() {
        add(
            Verdict::Careful,
            "taking it back leaves another schema than before".to_owned(),
            down.schema_differences.join("; "),
            "have down make what up took away, as it was",
        );
    }
    if !down.again_differences.is_empty() {
        add(
            Verdict::Careful,
            "applied again it makes another schema".to_owned(),
            down.again_differences.join("; "),
            "have down remove everything that up makes",
        );
    }
}

fn action_of(statement: &StatementRun) -> Action {
    let script = Script::parse("statement.sql", statement.source.as_str());
    script.statements.into_iter().next().map_or(Action::Other, |first| first.action)
}

#[cfg(test)]
mod tests;
