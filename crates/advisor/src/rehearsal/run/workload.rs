//! What others do while a migration runs: reads and writes of the tables concerned, each rolled back.
//!
//! Nothing it does lasts, so rows can be compared afterwards.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use shelfops_connection::Address;
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Error};

use super::error::{RehearsalError, doing};
use super::report::{BrokenStatement, WorkloadRun};
use crate::rehearsal::copy::APPLICATION;
use crate::rehearsal::tables::{Table, identifier, identifiers, literal};

/// How many tables the derived workload works with: those that a migration names first.
const MOST_TABLES: usize = 8;

/// How many rows of each table are read and written.
const ROWS_OF_TABLE: i64 = 8;

/// How many sessions work at once.
const SESSIONS: usize = 4;

/// Between two statements of a session: it is there to be stopped, not to wear the server out.
const PAUSE: Duration = Duration::from_millis(2);

/// Errors that say that a table is open to writes: the row is there already.
const ANSWERS: [&str; 1] = ["23505"];

/// What others do.
#[derive(Clone, Debug, Default)]
pub struct Workload {
    /// Statements to run instead of those that are derived from the catalog.
    pub statements: Vec<String>,
}

impl Workload {
    /// Takes the statements of a text.
    pub fn parse(text: &str) -> Self {
        let script = crate::lint::Script::parse("workload.sql", text);
        let statements = script.statements.iter().filter(|statement| !statement.is_nested);
        let texts = statements.map(|it| script.slice(it.span).trim().trim_end_matches(';'));
        let statements = texts.filter(|text| !text.is_empty()).map(str::to_owned).collect();
        Self { statements }
    }
}

/// Statements that are ready to be run.
#[derive(Clone, Debug, Default)]
pub(super) struct Statements {
    tables: Vec<String>,
    texts: Vec<String>,
}

impl Statements {
    /// Derives reads by key, updates of a row to itself, and inserts, for tables that a text names.
    pub(super) async fn derive(
        client: &Client,
        workload: &Workload,
        tables: &[Table],
        script: &str,
    ) -> Result<Self, RehearsalError> {
        if !workload.statements.is_empty() {
            return Ok(Self { tables: Vec::new(), texts: workload.statements.clone() });
        }
        let words: Vec<String> = script
            .split(|each: char| !(each.is_alphanumeric() || each == '_'))
            .map(str::to_lowercase)
            .collect();
        let named = |table: &&Table| words.contains(&table.name.to_lowercase());
        let mut derived = Self::default();
        for table in tables.iter().filter(named).take(MOST_TABLES) {
            let texts = of_table(client, table).await.map_err(doing("derive a workload"))?;
            let texts = working(client, texts).await.map_err(doing("try the workload"))?;
            if !texts.is_empty() {
                derived.tables.push(table.shown());
                derived.texts.extend(texts);
            }
        }
        let room = MOST_TABLES.saturating_sub(derived.tables.len());
        let results = of_results(client, &words).await.map_err(doing("derive a workload"))?;
        for (name, text) in results.into_iter().take(room) {
            let texts = working(client, vec![text]).await.map_err(doing("try the workload"))?;
            if !texts.is_empty() {
                derived.tables.push(name);
                derived.texts.extend(texts);
            }
        }
        Ok(derived)
    }

    /// Runs each once, and returns those that fail.
    pub(super) async fn failing(&self, client: &Client) -> Result<Vec<BrokenStatement>, Error> {
        let mut broken: Vec<BrokenStatement> = Vec::new();
        for text in &self.texts {
            let Err(error) = once(client, text).await else { continue };
            let Some(said) = error.as_db_error() else { return Err(error) };
            let message = said.message().to_owned();
            // Of statements that differ in the row, one is enough.
            if !is_answer(&error) && broken.iter().all(|known| known.error != message) {
                broken.push(BrokenStatement { statement: shown(text), error: message });
            }
        }
        Ok(broken)
    }
}

fn shown(text: &str) -> String {
    const MOST: usize = 120;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= MOST {
        return line;
    }
    line.chars().take(MOST).chain(['…']).collect()
}

fn is_answer(error: &Error) -> bool {
    error.code().is_some_and(|code| ANSWERS.contains(&code.code()))
}

async fn of_table(client: &Client, table: &Table) -> Result<Vec<String>, Error> {
    let writable: Vec<&String> =
        table.columns.iter().filter(|column| !column.is_generated).map(|it| &it.name).collect();
    let all = identifiers("", table.columns.iter().map(|column| &column.name));
    if table.key.is_empty() || writable.is_empty() {
        return Ok(vec![format!("select {all} from {} limit 1", table.quoted())]);
    }
    let texts: Vec<String> =
        table.key.iter().map(|name| format!("{}::text", identifier(name))).collect();
    let asked =
        format!("select array[{}] from {} limit {ROWS_OF_TABLE}", texts.join(", "), table.source());
    let changed =
        writable.iter().find(|name| !table.key.contains(name)).copied().unwrap_or(&table.key[0]);
    let columns = identifiers("", writable);
    let mut statements = Vec::new();
    for row in client.query(&asked, &[]).await? {
        let values: Vec<Option<String>> = row.get(0);
        let equal = table.key.iter().zip(&values).map(|(name, value)| {
            let data_type = table.column(name).map_or("text", |it| it.data_type.as_str());
            let value = literal(value.as_deref().unwrap_or_default());
            format!("{} = {value}::{data_type}", identifier(name))
        });
        let row = equal.collect::<Vec<_>>().join(" and ");
        let (name, changed) = (table.quoted(), identifier(changed));
        statements.push(format!("select {all} from {name} where {row}"));
        statements.push(format!("update {name} set {changed} = {changed} where {row}"));
        statements.push(format!(
            "insert into {name} ({columns}) overriding system value select {columns} from {name} \
             where {row}"
        ));
    }
    Ok(statements)
}

/// Returns reads of materialised views, which nobody writes to: each with the name of the view.
async fn of_results(client: &Client, words: &[String]) -> Result<Vec<(String, String)>, Error> {
    let asked = "select n.nspname::text, c.relname::text,
            array(select a.attname::text from pg_attribute as a
                where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped order by a.attnum)
        from pg_class as c
        join pg_namespace as n on n.oid = c.relnamespace
        where c.relkind = 'm' and c.relispopulated and lower(c.relname) = any ($1)
            and n.nspname !~ '^(pg_|_timescaledb)'
        order by 1, 2";
    let rows = client.query(asked, &[&words]).await?;
    let read = |row: &tokio_postgres::Row| {
        let (schema, name, columns): (String, String, Vec<String>) =
            (row.get(0), row.get(1), row.get(2));
        let all = identifiers("", &columns);
        let text =
            format!("select {all} from {}.{} limit 1", identifier(&schema), identifier(&name));
        let shown = if schema == "public" { name } else { format!("{schema}.{name}") };
        (shown, text)
    };
    Ok(rows.iter().map(read).collect())
}

/// Keeps the statements that work: a trigger, say, may refuse what the catalog allows.
async fn working(client: &Client, texts: Vec<String>) -> Result<Vec<String>, Error> {
    let mut kept = Vec::new();
    for text in texts {
        match once(client, &text).await {
            Err(error) if error.as_db_error().is_none() => return Err(error),
            Err(error) if !is_answer(&error) => {}
            Ok(()) | Err(_) => kept.push(text),
        }
    }
    Ok(kept)
}

/// Runs a statement and takes it back.
async fn once(client: &Client, text: &str) -> Result<(), Error> {
    client.batch_execute("begin; set local statement_timeout = '60s'").await?;
    let outcome = client.batch_execute(text).await;
    client.batch_execute("rollback").await?;
    outcome
}

/// A workload at work.
pub(super) struct Working {
    is_over: Arc<AtomicBool>,
    counted: Arc<Counted>,
    tasks: Vec<JoinHandle<()>>,
    tables: Vec<String>,
}

#[derive(Default)]
struct Counted {
    statements: AtomicU64,
    slowest_us: AtomicU64,
}

impl Working {
    /// Begins, and returns when every session has done something.
    pub(super) async fn start(
        copy: &Address,
        statements: &Statements,
    ) -> Result<Self, RehearsalError> {
        let (is_over, counted) = (Arc::new(AtomicBool::new(false)), Arc::new(Counted::default()));
        let mut working =
            Self { is_over, counted, tasks: Vec::new(), tables: statements.tables.clone() };
        if statements.texts.is_empty() {
            return Ok(working);
        }
        for session in 0..SESSIONS {
            let client = copy.connect(APPLICATION).await.map_err(doing("join the workload"))?;
            // A session that has done something stands ready, and so does what it needs of the catalog.
            for statement in &statements.texts {
                match once(&client, statement).await {
                    Err(source) if !is_answer(&source) => {
                        let statement = shown(statement);
                        return Err(RehearsalError::Workload { statement, source });
                    }
                    Ok(()) | Err(_) => {}
                }
            }
            let (is_over, counted) = (working.is_over.clone(), working.counted.clone());
            let texts = statements.texts.clone();
            working.tasks.push(tokio::spawn(work(client, texts, session, is_over, counted)));
        }
        Ok(working)
    }

    /// Ends it and says what was done.
    pub(super) async fn finish(self) -> WorkloadRun {
        self.is_over.store(true, Ordering::Release);
        let sessions = self.tasks.len();
        for task in self.tasks {
            // A session that broke off has counted what it did.
            let _ = task.await;
        }
        let slowest = Duration::from_micros(self.counted.slowest_us.load(Ordering::Relaxed));
        WorkloadRun {
            tables: self.tables,
            sessions,
            statements: self.counted.statements.load(Ordering::Relaxed),
            slowest_ms: slowest.as_secs_f64() * 1_000.0,
            failure: None,
        }
    }
}

async fn work(
    client: Client,
    texts: Vec<String>,
    session: usize,
    is_over: Arc<AtomicBool>,
    counted: Arc<Counted>,
) {
    let mut place = session * texts.len() / SESSIONS;
    while !is_over.load(Ordering::Acquire) {
        let started = Instant::now();
        // What a migration breaks is looked at for itself; here others are only in its way.
        let outcome = once(&client, &texts[place % texts.len()]).await;
        if outcome.is_err_and(|error| error.is_closed()) {
            return;
        }
        let took = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        counted.slowest_us.fetch_max(took, Ordering::Relaxed);
        counted.statements.fetch_add(1, Ordering::Relaxed);
        place += 1;
        tokio::time::sleep(PAUSE).await;
    }
}
