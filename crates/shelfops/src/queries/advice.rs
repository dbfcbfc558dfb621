//! Brings the advisor to the database: as whom, on which copy, and within which bounds.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use shelfops_advisor::advice::{
    Advice, AdvisedIndex, Advisor, Asker, Found, Migration, Partitions, Request, Sources,
    Statement, migration, supply,
};
use shelfops_advisor::proof::{self, Proof, prove};
use shelfops_advisor::rehearsal::copy::Method;
use shelfops_advisor::rehearsal::{Address, Copy, CopyRequest, Programs};
use shelfops_advisor::rollups::SLOW_MS;
use shelfops_advisor::workload::{LogReading, LogStatement, Statement as CountedStatement};
use shelfops_embedded_postgres::Installation;
use uuid::Uuid;

use super::{Counted, count, is_without_values, name_of, short};
use crate::ops::{Context, OpError};

/// The column that says whose a row is.
const OWNER: &str = "customer_id";

/// What is asked for.
pub(crate) struct Wanted<'w> {
    /// The statements.
    pub(crate) statements: Vec<Statement>,
    /// How many seconds their calls were counted for.
    pub(crate) counted_seconds: Option<f64>,
    /// A log to take values from.
    pub(crate) log: Option<LogReading>,
    /// As whom they are planned and run.
    pub(crate) tenant: Option<&'w str>,
    /// How much room new indexes may take.
    pub(crate) budget_bytes: Option<u64>,
    /// How long the search may take.
    pub(crate) time: Duration,
    /// Whether answers may be an hour old.
    pub(crate) may_be_old: bool,
    /// Whether the advice is proved.
    pub(crate) verify: bool,
    /// A database to prove in, in place of a copy.
    pub(crate) scratch_url: Option<&'w str>,
    /// How often each statement is measured.
    pub(crate) runs: usize,
    /// How long a measured statement may take.
    pub(crate) limit: Duration,
}

/// What came of it.
pub(crate) struct Advised {
    pub(crate) advice: Advice,
    pub(crate) proof: Option<Proof>,
    pub(crate) migration: Migration,
    /// Of that migration what measuring proved.
    pub(crate) proved: Migration,
    /// What measuring proved, by name.
    pub(crate) proved_names: Vec<String>,
    pub(crate) tenant: Option<String>,
    /// What to know besides.
    pub(crate) notes: Vec<String>,
}

/// Advises, and proves where that is wanted.
pub(crate) async fn advised(context: &Context, wanted: Wanted<'_>) -> Result<Advised, OpError> {
    let database = context.database().await?;
    let (tenant, asker, own) = match wanted.tenant {
        Some(slug) => {
            let (tenant, tx) = context.tenant(slug).await?;
            drop(tx);
            let entering = database.entering(tenant.customer_id).await?;
            let own = tenant.customer_id.to_string();
            (Some(tenant.slug), Some(Asker::new(entering)), Some(own))
        }
        None => (None, None, None),
    };
    let (statements, mut notes) = all_of_own(wanted.statements, own.as_deref())?;
    // Made before the search: a clone needs the database without other sessions for a moment.
    let copy = match (wanted.verify, wanted.scratch_url) {
        (true, None) => Some(copied(context).await?),
        _ => None,
    };
    let draft = database.draft().await?;
    let sources = Sources {
        log: wanted.log.as_ref(),
        asker: asker.as_ref(),
        own: own.as_deref().map(|own| (OWNER, own)),
        until: Some(Instant::now() + wanted.time),
    };
    let supplied = supply(draft.client(), statements, sources).await?;
    if wanted.verify {
        let how = "give values with --param, to it alone, or a log that has them with --log";
        notes.extend(supplied.missing.iter().map(|missing| format!("{missing}; {how}")));
    }
    let request = Request {
        statements: supplied.statements,
        budget_bytes: wanted.budget_bytes,
        time: wanted.time,
        asker: asker.clone(),
        counted_seconds: wanted.counted_seconds,
        may_be_old: wanted.may_be_old,
        slow_ms: SLOW_MS,
    };
    let mut advisor = Advisor::begin(draft.client(), request).await?;
    let url = copy.as_ref().map(Copy::url).or(wanted.scratch_url).filter(|_| wanted.verify);
    let (advice, proof) = match url {
        Some(url) => {
            let place = proof::Copy::at(url, asker, wanted.runs, wanted.limit)?;
            if place.is_where(draft.client()).await? {
                return Err(OpError::usage(
                    "--scratch-url names the database that is advised on; proving builds indexes and \
                     writes rows: name one that may be spoilt",
                ));
            }
            let (advice, proof) = prove(&mut advisor, &place).await?;
            (advice, Some(proof))
        }
        None => (advisor.advise(&BTreeSet::new()).await?, None),
    };
    let Migrations { migration, proved, proved_names } =
        migrations(&advice, proof.as_ref(), &advisor.partitions());
    if tenant.is_none() && advisor.has_row_security() {
        notes.push(
            "tables with row security, planned as the owner's login: tenants get other plans; add --tenant"
                .to_owned(),
        );
    }
    if let Some(copy) = &copy {
        notes.push(format!("measured on a copy of this database's own server ({})", copy.kind()));
    }
    // What took so long to find is told all the same, here and below.
    if let Err(error) = advisor.end().await {
        notes.push(format!("the search's session was not tidied before it was closed: {error}"));
    }
    if let Some(copy) = copy
        && let Err(error) = copy.remove().await
    {
        notes.push(format!("the copy is still there: {error}"));
    }
    Ok(Advised { advice, proof, migration, proved, proved_names, tenant, notes })
}

/// What makes what was advised, and of that what measuring proved.
struct Migrations {
    migration: Migration,
    proved: Migration,
    proved_names: Vec<String>,
}

fn migrations(advice: &Advice, proof: Option<&Proof>, partitions: &Partitions) -> Migrations {
    let is_proved = |index: &AdvisedIndex| {
        proof.is_some_and(|proof| !proof.on_trust.contains(&index.definition))
    };
    let held: Vec<AdvisedIndex> =
        advice.indexes.iter().filter(|index| is_proved(index)).cloned().collect();
    let mut proved = migration(&held, partitions);
    let mut proved_names: Vec<String> = held.into_iter().map(|index| index.name).collect();
    let mut migration = migration(&advice.indexes, partitions);
    if let Some(proof) = proof {
        proved = proved.with_proved(advice, proof);
        migration = migration.with_proved(advice, proof);
        let kept = advice.rollups.iter().map(|rollup| rollup.name.clone());
        proved_names.extend(kept.filter(|name| proved.up.contains(name)).collect::<BTreeSet<_>>());
        let held = proof.statistics.iter().filter(|it| it.holds());
        proved_names.extend(held.filter_map(|it| it.what.split(' ').nth(2)).map(str::to_owned));
    }
    Migrations { migration, proved, proved_names }
}

/// Copies the database on its own server.
async fn copied(context: &Context) -> Result<Copy, OpError> {
    let url = context.open_database().owner_url().await?;
    let failed = |error: &dyn std::fmt::Display| {
        OpError::failed(format!(
            "there is no copy to prove on: {error}; name a database to spoil with --scratch-url"
        ))
    };
    let installation = Installation::find().map_err(|error| failed(&error))?;
    let request = CopyRequest {
        source: Address::parse(url).map_err(|error| failed(&error))?,
        method: Method::Dump,
        programs: Programs::new(installation.binary_directory()),
    };
    let talk = context.talk();
    let watch = |progress: shelfops_advisor::rehearsal::Progress| talk.say(&progress.doing);
    Copy::make(&request, &watch).await.map_err(|error| failed(&error))
}

/// Returns the statements that cost the server most, and for how long it counted.
pub(crate) async fn recorded(
    context: &Context,
    most: usize,
) -> Result<(Vec<Statement>, Option<f64>), OpError> {
    let statistics = match count(context).await? {
        Counted::Statements(statistics) => statistics,
        Counted::Missing { what, remedy } => {
            return Err(OpError::failed(format!(
                "{what}, so there is no recorded workload; {remedy}"
            )));
        }
    };
    let mut asked: Vec<_> =
        statistics.statements.into_iter().filter(|it| reads(&it.text)).collect();
    asked.sort_by(|one, other| other.total_ms.total_cmp(&one.total_ms));
    asked.truncate(most);
    let statements = asked.into_iter().map(|it| Statement { name: named(&it), ..of(it) });
    Ok((statements.collect(), statistics.counted_seconds))
}

fn named(counted: &CountedStatement) -> String {
    let beginning: String = short(&counted.text).chars().take(40).collect();
    format!("{} {beginning}", counted.query_id)
}

fn of(counted: CountedStatement) -> Statement {
    Statement {
        name: counted.query_id.to_string(),
        calls: Some(counted.calls as f64),
        mean_ms: Some(counted.mean_ms),
        rows: Some(counted.rows as f64 / counted.calls.max(1) as f64),
        sql: counted.text,
        ..Statement::default()
    }
}

/// Returns a statement that `query top` lists: as the server counts it, with how long it has counted, else as a
/// log has its slowest run, else as it was kept.
pub(crate) async fn recorded_one(
    context: &Context,
    id: &str,
    log: Option<&LogReading>,
) -> Result<(Statement, Option<f64>), OpError> {
    let operator = context.database().await?.operator().await?;
    let known = operator.slow_statement(id).await?;
    operator.commit().await?;
    if let Counted::Statements(statistics) = count(context).await? {
        let seconds = statistics.counted_seconds;
        let mut counted = statistics.statements.into_iter();
        if let Some(counted) = counted.find(|it| it.query_id.to_string() == id) {
            return Ok((of(counted), seconds));
        }
    }
    let name = id.to_owned();
    let mean_ms = Some(known.mean_ms);
    if let Some(logged) = log.and_then(|log| log.statements.iter().find(|it| name_of(it) == id)) {
        return Ok((Statement { name, mean_ms, ..as_logged(logged) }, None));
    }
    if is_without_values(context, &known.statement).await? {
        return Err(OpError::usage(
            "a log's statement is kept without its values; give the log that has them with --log, or the \
             statement with values as an argument",
        ));
    }
    Ok((Statement { name, mean_ms, sql: known.statement, ..Statement::default() }, None))
}

fn as_logged(logged: &LogStatement) -> Statement {
    let parameters = logged.values_for(&logged.slowest);
    let told = format!(
        "the values of the slowest run in the log that has them ({:.0} ms)",
        logged.slowest_ms
    );
    Statement {
        sql: logged.slowest.clone(),
        found: (parameters.is_some() || logged.has_its_values()).then_some(Found {
            told,
            place: 0,
            of: 1,
        }),
        parameters: parameters.unwrap_or_default(),
        ..Statement::default()
    }
}

/// Leaves out what a log has of another tenant; answers also what was left out.
///
/// # Errors
/// Says so where nothing is left.
fn all_of_own(
    statements: Vec<Statement>,
    own: Option<&str>,
) -> Result<(Vec<Statement>, Vec<String>), OpError> {
    let Some(own) = own else { return Ok((statements, Vec::new())) };
    let (mut of_this_one, mut left_out) = (Vec::new(), Vec::new());
    for statement in statements {
        let name = statement.name.clone();
        match of_own(statement, own) {
            Some(statement) => of_this_one.push(statement),
            None => left_out.push(format!(
                "{name} was left out: the log has it with another tenant's values; give it with this one's \
                 as an argument"
            )),
        }
    }
    if of_this_one.is_empty() && !left_out.is_empty() {
        return Err(OpError::usage(left_out.join("; ")));
    }
    Ok((of_this_one, left_out))
}

/// Leaves out values of a logged run that name another tenant, or none: with those this one would find nothing.
/// What stands in the text cannot be left out: nothing is left of a statement that names another there.
fn of_own(statement: Statement, own: &str) -> Option<Statement> {
    if statement.found.is_none() {
        return Some(statement);
    }
    let is_own = |word: &str| word.eq_ignore_ascii_case(own);
    let words = statement.sql.split(|letter: char| !is_part_of_word(letter));
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let in_text = words.iter().any(|word| is_own(word));
    let is_named = in_text || statement.parameters.iter().any(|it| is_own(it));
    if !is_named && names_an_owner(&words) {
        return None;
    }
    if !is_named && !statement.parameters.is_empty() {
        return Some(Statement { parameters: Vec::new(), found: None, ..statement });
    }
    Some(statement)
}

/// Whether the words of a statement have an id beside the column that says whose a row is, in one condition.
fn names_an_owner(words: &[&str]) -> bool {
    let is_any = |word: &str, of: &[&str]| of.iter().any(|it| word.eq_ignore_ascii_case(it));
    let ends = |word: &&&str| is_any(word, &["and", "or", "where"]);
    let owners = words.iter().enumerate().filter(|(_, word)| is_any(word, &[OWNER]));
    let mut beside = owners.flat_map(|(place, _)| {
        let behind = words.iter().skip(place + 1).take_while(move |word| !ends(word)).take(3);
        let before = words.iter().take(place).rev().take_while(move |word| !ends(word)).take(3);
        behind.chain(before)
    });
    beside.any(|word| Uuid::parse_str(word).is_ok())
}

fn is_part_of_word(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '_' | '-')
}

/// Whether a statement asks a question of tables, and not of the server about itself.
fn reads(text: &str) -> bool {
    let lower = text.trim_start().to_lowercase();
    (lower.starts_with("select") || lower.starts_with("with"))
        && !["pg_catalog", "pg_stat", "pg_class", "hypopg", "set_config"]
            .iter()
            .any(|it| lower.contains(it))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "0198c0de-0000-7000-8000-000000000001";
    const ANOTHERS: &str = "0198c0de-0000-7000-8000-000000000002";

    /// A statement as a log has it.
    fn logged(sql: &str, parameters: &[&str]) -> Statement {
        let found = Found { told: "the log's".to_owned(), place: 0, of: 1 };
        Statement {
            sql: sql.to_owned(),
            parameters: parameters.iter().map(|it| (*it).to_owned()).collect(),
            found: Some(found),
            ..Statement::default()
        }
    }

    #[test]
    fn values_of_another_tenants_run_are_left_out() {
        let sql = "select 1 from stores where customer_id = $1 and name = $2";
        let own = of_own(logged(sql, &[OWN, "a"]), OWN).unwrap();
        assert_eq!(own.parameters, [OWN, "a"]);
        for values in [[ANOTHERS, "a"], ["b", "a"]] {
            let left = of_own(logged(sql, &values), OWN).unwrap();
            assert!(left.parameters.is_empty() && left.found.is_none(), "{left:?}");
        }
        // Somebody gave them.
        let given = Statement { found: None, ..logged(sql, &[ANOTHERS, "a"]) };
        assert_eq!(of_own(given, OWN).unwrap().parameters, [ANOTHERS, "a"]);
    }

    #[test]
    fn a_text_that_names_another_tenant_is_refused() {
        let named = |id: &str| logged(&format!("select 1 from t where t.customer_id='{id}'"), &[]);
        assert!(of_own(named(&OWN.to_uppercase()), OWN).is_some());
        assert!(of_own(named(ANOTHERS), OWN).is_none());
        let cast = format!("select 1 from t where '{ANOTHERS}'::uuid = t.customer_id");
        assert!(of_own(logged(&cast, &[]), OWN).is_none());
        // One that is left out keeps no others from being advised.
        let both = vec![named(ANOTHERS), named(OWN)];
        let (left, notes) = all_of_own(both, Some(OWN)).unwrap();
        assert_eq!((left.len(), notes.len()), (1, 1));
        assert!(notes[0].contains("another tenant's values"), "{notes:?}");
        assert!(all_of_own(vec![named(ANOTHERS)], Some(OWN)).is_err());
        for other in [
            "select 1 from stores where name = 'Main Street'",
            "select 1 from t where customer_id = current_setting('app.customer_id')::uuid",
            "select 1 from t where customer_id = current_setting('app.customer_id')::uuid
                 and product_id = '0198c0de-0000-7000-8000-000000000003'",
        ] {
            assert!(of_own(logged(other, &[]), OWN).is_some(), "{other}");
        }
    }
}
