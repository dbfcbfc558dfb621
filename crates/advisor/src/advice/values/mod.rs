//! Values for statements that the server counted without theirs: out of a log, or from what is known of the
//! columns that their parameters are compared with.
//!
//! Which column that is says the plan for all values alike. A common value and a rare one are two questions,
//! and an index that is good for the one may be bad for the other: both are asked.

mod columns;
mod compared;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use serde_json::Value;
use tokio_postgres::{Client, SimpleQueryMessage};

use super::advisor::plan;
use super::{Asker, Found, Statement};
use crate::indexes::{AdviceError, Catalog, doing};
use crate::plans::{Plan, read_value};
use crate::workload::{LogReading, LogStatement, limits, normalised, parameters, renumbered};
use columns::{Column, Known, gather};
use compared::{How, Use, read};

/// The name under which a statement is prepared whose parameters are looked for.
const PREPARED: &str = "advisor_compared";

/// A plan numbers what it hands from one node to another as parameters are numbered: the statement's get numbers
/// that no plan comes to.
const BEHIND: usize = 500;

/// How long planning may take, in milliseconds.
const PLANNING_MS: u32 = 10_000;

/// How much of a value is told.
const TOLD: usize = 40;

/// Where values may come from.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sources<'s> {
    /// A log of the same server.
    pub log: Option<&'s LogReading>,
    /// As whom statements are planned; as the login unless said.
    pub asker: Option<&'s Asker>,
    /// The column of this name has this value in every row that the asker sees.
    pub own: Option<(&'s str, &'s str)>,
    /// Until when values are looked for.
    pub until: Option<Instant>,
}

impl Sources<'_> {
    fn is_late(&self) -> bool {
        self.until.is_some_and(|until| Instant::now() >= until)
    }
}

/// Statements, with values as far as there are any.
#[derive(Clone, Debug)]
pub struct Supplied {
    /// The statements; one for which two values are known stands here twice.
    pub statements: Vec<Statement>,
    /// The statements that have parameters of which no value is known, each with what they lack.
    pub missing: Vec<String>,
}

/// Finds values for statements that have parameters and no values, in the open transaction.
///
/// # Errors
/// Fails when the server does. A statement that the server refuses stays as it is.
pub async fn supply(
    client: &Client,
    statements: Vec<Statement>,
    sources: Sources<'_>,
) -> Result<Supplied, AdviceError> {
    let began = "select extract(epoch from transaction_timestamp())::text";
    let began = client.query_one(began, &[]).await.map_err(doing("begin to look for values"))?;
    let enter = sources.asker.map(|asker| asker.enter(began.get(0))).unwrap_or_default();
    let mut plans: BTreeMap<usize, Plan> = BTreeMap::new();
    let mut logged: BTreeMap<usize, Statement> = BTreeMap::new();
    let mut supplied = Supplied { statements: Vec::new(), missing: Vec::new() };
    for (place, statement) in statements.iter().enumerate() {
        if !statement.parameters.is_empty() || parameters(&statement.sql) == 0 {
            continue;
        }
        if sources.is_late() {
            supplied.missing.push(format!(
                "{}: the time ran out before values were found; --time allows more",
                statement.name
            ));
            continue;
        }
        let from_log = sources.log.and_then(|log| of_log(statement, log, sources.own));
        if let Some(found) = from_log
            && plan(client, &found, Some(&enter)).await.is_ok()
        {
            logged.insert(place, found);
        } else if let Some(plan) = planned(client, statement, &enter).await? {
            plans.insert(place, plan);
        }
    }
    let catalog = Catalog::gather(client, &plans.values().collect::<Vec<_>>()).await?;
    let uses: BTreeMap<usize, Vec<Use>> =
        plans.iter().map(|(place, plan)| (*place, read(plan, &catalog, BEHIND))).collect();
    let wanted: BTreeSet<Column> =
        uses.values().flatten().map(|it| (it.table.clone(), it.column.clone())).collect();
    let known = gather(client, &wanted, &catalog, (&sources, &enter)).await?;
    for (place, statement) in statements.into_iter().enumerate() {
        let Some(uses) = uses.get(&place) else {
            supplied.statements.push(logged.remove(&place).unwrap_or(statement));
            continue;
        };
        // What was said to be found was not.
        let statement = Statement { found: None, ..statement };
        match variants(&statement, uses, &known) {
            Ok(variants) if are_accepted(client, &variants, &enter).await => {
                supplied.statements.extend(variants);
            }
            Ok(_) => {
                supplied.missing.push(format!(
                    "{}: the server refuses the values that were found for it",
                    statement.name
                ));
                supplied.statements.push(statement);
            }
            Err(lacking) => {
                supplied.missing.push(format!(
                    "{}: no value is known for {lacking}, which is compared with no column that has statistics",
                    statement.name
                ));
                supplied.statements.push(statement);
            }
        }
    }
    Ok(supplied)
}

/// Takes the values of a statement's slowest run out of a log; of one who sees only own rows, where they name
/// whose those are: with another's it would find nothing.
fn of_log(statement: &Statement, log: &LogReading, own: Option<(&str, &str)>) -> Option<Statement> {
    let is_own = |values: &[String]| own.is_none_or(|own| values.iter().any(|it| it == own.1));
    let values = |logged: &LogStatement| {
        let values = logged.values_for(&statement.sql)?;
        is_own(&values).then_some((values, logged.slowest_ms))
    };
    // A log has many statements, and most are another from their first words on.
    let text = normalised(&statement.sql);
    let beginning = text.split('?').next().unwrap_or_default();
    let alike = log.statements.iter().filter(|logged| begins(&logged.text, beginning));
    let slowest = alike.filter_map(values);
    let (parameters, ms) = slowest.max_by(|(_, one), (_, other)| one.total_cmp(other))?;
    let told: Vec<String> = (1..)
        .zip(&parameters)
        .map(|(number, value)| format!("${number} = {}", shown(value)))
        .collect();
    let told =
        format!("{}, as in the slowest run in the log that has them ({ms:.0} ms)", told.join(", "));
    Some(Statement {
        parameters,
        found: Some(Found { told, place: 0, of: 1 }),
        ..statement.clone()
    })
}

/// Whether a text begins with another one, whatever spaces are in them.
fn begins(text: &str, beginning: &str) -> bool {
    let mut letters = text.chars().filter(|it| *it != ' ');
    beginning.chars().filter(|it| *it != ' ').all(|it| letters.next() == Some(it))
}

async fn are_accepted(client: &Client, variants: &[Statement], enter: &str) -> bool {
    for variant in variants {
        // As it will be run, with its values.
        let as_asked = Statement { found: None, ..variant.clone() };
        if plan(client, &as_asked, Some(enter)).await.is_err() {
            return false;
        }
    }
    true
}

/// Writes a statement with common values and with rare ones; or names a parameter of which none is known.
fn variants(
    statement: &Statement,
    uses: &[Use],
    known: &BTreeMap<Column, Known>,
) -> Result<Vec<Statement>, String> {
    let mut all: Vec<Statement> = Vec::new();
    for is_rare in [false, true] {
        let (mut parameters, mut told) = (Vec::new(), Vec::new());
        for number in 1..=crate::workload::parameters(&statement.sql) {
            let (value, what) =
                value(statement, number, uses, known, is_rare).ok_or(format!("${number}"))?;
            told.push(format!("${number} = {} ({what})", shown(&value)));
            parameters.push(value);
        }
        if all.iter().all(|other| other.parameters != parameters) {
            let found = Found { told: told.join(", "), place: all.len(), of: 1 };
            all.push(Statement { parameters, found: Some(found), ..statement.clone() });
        }
    }
    let of = all.len();
    if let [common, rare] = all.as_mut_slice() {
        common.name.push_str(", common values");
        rare.name.push_str(", rare values");
    }
    for found in all.iter_mut().filter_map(|it| it.found.as_mut()) {
        found.of = of;
    }
    Ok(all)
}

/// Returns a value of a parameter, and what it is.
fn value(
    statement: &Statement,
    number: usize,
    uses: &[Use],
    known: &BTreeMap<Column, Known>,
    is_rare: bool,
) -> Option<(String, String)> {
    let (limits, offsets) = limits(&statement.sql);
    if limits.contains(&number) {
        let rows = statement.rows?.max(1.0).ceil();
        return Some((format!("{rows:.0}"), "as many rows as it gave on average".to_owned()));
    }
    if offsets.contains(&number) {
        return Some(("0".to_owned(), "the first page".to_owned()));
    }
    uses.iter().filter(|it| it.parameter == number).find_map(|used| {
        let has_beginning = uses.iter().any(|other| {
            other.how == How::AtLeast
                && (&other.table, &other.column) == (&used.table, &used.column)
        });
        let known = known.get(&(used.table.clone(), used.column.clone()))?;
        let (value, what) = known.value(used, is_rare, has_beginning)?;
        Some((value, format!("{what} {}.{}", used.table, used.column)))
    })
}

/// Whether the server takes a text for one statement, with the parameters that it seems to have. Nobody else
/// has looked at it: it may come out of a log, with another statement behind it.
async fn is_one_with_parameters(
    client: &Client,
    statement: &Statement,
    enter: &str,
) -> Result<bool, AdviceError> {
    let action = doing("look what parameters a statement has");
    let begin = format!(
        "savepoint prepared; set transaction read only; set local statement_timeout = {PLANNING_MS}; {enter}"
    );
    client.batch_execute(&begin).await.map_err(&action)?;
    let prepared = client.prepare(&statement.sql).await;
    let end = "rollback to savepoint prepared; release savepoint prepared";
    client.batch_execute(end).await.map_err(&action)?;
    match prepared {
        Ok(prepared) => Ok(prepared.params().len() == parameters(&statement.sql)),
        Err(error) if error.as_db_error().is_some() => Ok(false),
        Err(error) => Err(action(error)),
    }
}

/// Plans a statement for all values alike, so that each parameter is seen beside what it is compared with;
/// nothing where the server refuses it.
async fn planned(
    client: &Client,
    statement: &Statement,
    enter: &str,
) -> Result<Option<Plan>, AdviceError> {
    let action = doing("look what parameters are compared with");
    if !is_one_with_parameters(client, statement, enter).await? {
        return Ok(None);
    }
    let sql = renumbered(statement.sql.trim().trim_end_matches(';'), BEHIND);
    let types = vec!["integer"; BEHIND].join(", ");
    let nothing = vec!["null"; BEHIND + parameters(&statement.sql)].join(", ");
    // By itself: of a text that cannot be parsed the server does nothing.
    let begin = "savepoint compared";
    client.batch_execute(begin).await.map_err(&action)?;
    // Without a value no part of a table would be read, and the plan would say nothing of any.
    let text = format!(
        "set transaction read only; set local statement_timeout = {PLANNING_MS}; {enter};
         set local plan_cache_mode = force_generic_plan;
         set local enable_partition_pruning = off;
         set local timescaledb.enable_chunk_append = off;
         set local timescaledb.enable_constraint_aware_append = off;
         prepare {PREPARED} ({types}) as {sql}
;
         explain (verbose, format json) execute {PREPARED}({nothing})"
    );
    let replies = client.simple_query(&text).await;
    let end = "rollback to savepoint compared; release savepoint compared";
    client.batch_execute(end).await.map_err(&action)?;
    // What was prepared outlives the savepoint.
    let left = format!("select from pg_prepared_statements where name = '{PREPARED}'");
    if client.query_opt(&left, &[]).await.map_err(&action)?.is_some() {
        let forget = format!("deallocate {PREPARED}");
        client.batch_execute(&forget).await.map_err(&action)?;
    }
    let replies = match replies {
        Ok(replies) => replies,
        Err(error) if error.as_db_error().is_some() => return Ok(None),
        Err(error) => return Err(action(error)),
    };
    let mut answer = String::new();
    for reply in &replies {
        if let SimpleQueryMessage::Row(row) = reply
            && row.columns().first().is_some_and(|it| it.name() == "QUERY PLAN")
        {
            answer.push_str(row.get(0).unwrap_or_default());
        }
    }
    let parsed = serde_json::from_str::<Value>(&answer).ok();
    Ok(parsed.and_then(|parsed| read_value(parsed).ok()))
}

/// Writes a value in one line, as much of it as fits.
fn shown(value: &str) -> String {
    let line = value.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.chars().count() {
        count if count > TOLD => line.chars().take(TOLD).chain(['…']).collect(),
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_begins_alike_whatever_spaces_are_in_it() {
        assert!(begins("select * from t where a = ?", "select *from t where a="));
        assert!(!begins("select * from t", "select * from t where"));
        assert!(!begins("select * from u where", "select * from t"));
    }
}
