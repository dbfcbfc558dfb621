//! Runs a script as its runner does, statement by statement, and looks around each.

use std::time::Instant;

use shelfops_connection::Address;
use tokio_postgres::{Client, Error};

use super::error::{RehearsalError, doing};
use super::failure::{diagnosed, must_be_alone, told};
use super::observe::{Difference, Locks, Relations, locks, relations};
use super::report::StatementRun;
use super::script::{Script, Step, StepKind};
use super::watcher::{Seen, Watcher};
use crate::rehearsal::copy::APPLICATION;

/// What running a script came to.
pub(super) struct Performed {
    pub(super) statements: Vec<StatementRun>,
    pub(super) seen: Seen,
}

impl Performed {
    pub(super) fn has_failed(&self) -> bool {
        self.statements.iter().any(|statement| statement.failure.is_some())
    }
}

/// How many rows of a table, by schema and name, there are for each of the copy's.
pub(super) type Scale<'s> = &'s (dyn Fn(&str, &str) -> f64 + Send + Sync);

/// Whoever runs a script.
pub(super) struct Performer<'p> {
    client: Client,
    session: i32,
    observer: &'p Client,
    scale: Scale<'p>,
    start: Relations,
}

impl<'p> Performer<'p> {
    /// Opens a session of its own, as a runner would.
    pub(super) async fn open(
        copy: &Address,
        observer: &'p Client,
        scale: Scale<'p>,
    ) -> Result<Self, RehearsalError> {
        let client = copy.connect(APPLICATION).await.map_err(doing("connect to the copy"))?;
        let row = client
            .query_one("select pg_backend_pid()", &[])
            .await
            .map_err(doing("open a session"))?;
        let session = row.get(0);
        let start = relations(&client).await.map_err(doing("read the catalog"))?;
        Ok(Self { client, session, observer, scale, start })
    }

    /// Runs the script. A statement that fails ends it.
    pub(super) async fn perform(
        self,
        name: &str,
        script: &Script,
        copy: &Address,
    ) -> Result<Performed, RehearsalError> {
        let beside = copy.connect(APPLICATION).await.map_err(doing("connect to the copy"))?;
        let watcher = Watcher::start(beside, self.session);
        let runner = |source| RehearsalError::Runner { migration: name.to_owned(), source };
        let begin = if script.is_wrapped { "begin; " } else { "" };
        self.client.batch_execute(&format!("{begin}{}", script.before)).await.map_err(runner)?;
        let mut going = Going::new(script.is_wrapped);
        for (place, step) in script.steps().iter().enumerate() {
            watcher.at(place);
            let run = self.step(&mut going, step).await?;
            let is_over = run.failure.is_some();
            going.done.push(run);
            if is_over {
                break;
            }
        }
        let failed = going.done.iter().any(|statement| statement.failure.is_some());
        if failed {
            // The session is closed anyway, which takes back what is open.
            let _ = self.client.batch_execute("rollback").await;
        } else {
            let end = if script.is_wrapped { "; commit" } else { "" };
            let outcome =
                self.client.batch_execute(&format!("reset role; {}{end}", script.after)).await;
            if let (Err(error), Some(last)) = (outcome, going.done.last_mut()) {
                last.failure = Some(told(&error));
                let _ = self.client.batch_execute("rollback").await;
            }
        }
        let seen = watcher.finish().await.map_err(doing("watch the migration"))?;
        for (place, run) in going.done.iter_mut().enumerate() {
            if run.transaction.is_none() {
                run.locks = self.difference(&self.start, &self.start).locks(&[], seen.locks(place));
            }
            run.blocked = seen.blocked(place);
        }
        Ok(Performed { statements: going.done, seen })
    }

    async fn step(&self, going: &mut Going, step: &Step) -> Result<StatementRun, RehearsalError> {
        match (step.kind, going.open) {
            (StepKind::Begin, None) => {
                going.begin();
                self.bare(step).await
            }
            (StepKind::End, Some(_)) if !going.is_wrapped => {
                going.open = None;
                self.bare(step).await
            }
            (_, Some(_)) => self.within(going, step).await,
            (_, None) => self.by_itself(going, step).await,
        }
    }

    /// Begins or ends a transaction: nothing to look at.
    async fn bare(&self, step: &Step) -> Result<StatementRun, RehearsalError> {
        let mut run = begun(step);
        if let Err(error) = self.client.batch_execute(&step.text).await {
            run.failure = Some(told(&error));
        }
        Ok(run)
    }

    /// Runs a statement in the transaction that is open.
    async fn within(&self, going: &mut Going, step: &Step) -> Result<StatementRun, RehearsalError> {
        let mark = "savepoint rehearsal";
        self.client.batch_execute(mark).await.map_err(doing("mark the place"))?;
        let before = relations(&self.client).await.map_err(doing("read the catalog"))?;
        let mut run = begun(step);
        run.transaction = going.open;
        match self.timed(step, &mut run).await? {
            Ok(()) => {
                let release = "release savepoint rehearsal";
                self.client.batch_execute(release).await.map_err(doing("go on"))?;
                self.observe(going, &before, &mut run).await?;
            }
            Err(error) => {
                let back = "rollback to savepoint rehearsal";
                self.client.batch_execute(back).await.map_err(doing("go back"))?;
                run.failure = Some(diagnosed(&self.client, step, &error, self.scale).await);
            }
        }
        Ok(run)
    }

    /// Runs a statement in a transaction of its own, or in none where the server wants that.
    async fn by_itself(
        &self,
        going: &mut Going,
        step: &Step,
    ) -> Result<StatementRun, RehearsalError> {
        self.client.batch_execute("begin").await.map_err(doing("begin a transaction"))?;
        let before = relations(&self.client).await.map_err(doing("read the catalog"))?;
        let mut run = begun(step);
        match self.timed(step, &mut run).await? {
            Ok(()) => {
                going.begin();
                run.transaction = going.open;
                self.observe(going, &before, &mut run).await?;
                if let Err(error) = self.client.batch_execute("commit").await {
                    run.failure = Some(told(&error));
                }
                going.open = None;
            }
            Err(error) => {
                self.client.batch_execute("rollback").await.map_err(doing("go back"))?;
                if must_be_alone(&error) {
                    return self.alone(step).await;
                }
                run.failure = Some(self.diagnose(step, &error).await?);
            }
        }
        Ok(run)
    }

    /// Runs a statement outside any transaction: what it locks only shows from beside.
    async fn alone(&self, step: &Step) -> Result<StatementRun, RehearsalError> {
        let before = relations(&self.client).await.map_err(doing("read the catalog"))?;
        let mut run = begun(step);
        let outcome = self.timed(step, &mut run).await?;
        let after = relations(&self.client).await.map_err(doing("read the catalog"))?;
        let difference = self.difference(&before, &after);
        run.rewritten = difference.rewritten();
        run.built = difference.built();
        run.size_change_bytes = difference.size_change();
        if let Err(error) = outcome {
            let mut failure = self.diagnose(step, &error).await?;
            failure.left_behind = invalid_indexes(&self.client).await.unwrap_or_default();
            run.failure = Some(failure);
        }
        Ok(run)
    }

    async fn diagnose(
        &self,
        step: &Step,
        error: &Error,
    ) -> Result<super::report::Failure, RehearsalError> {
        self.client.batch_execute("begin").await.map_err(doing("begin a transaction"))?;
        let failure = diagnosed(&self.client, step, error, self.scale).await;
        self.client.batch_execute("rollback").await.map_err(doing("go back"))?;
        Ok(failure)
    }

    /// Runs the statement, and notes how long it took and how much log was written.
    async fn timed(
        &self,
        step: &Step,
        run: &mut StatementRun,
    ) -> Result<Result<(), Error>, RehearsalError> {
        let before = self.log_place().await?;
        let started = Instant::now();
        let outcome = self.client.batch_execute(&step.text).await;
        run.duration_ms = started.elapsed().as_secs_f64() * 1_000.0;
        if outcome.is_ok() {
            run.wal_bytes = u64::try_from(self.log_place().await? - before).unwrap_or_default();
        }
        Ok(outcome)
    }

    async fn log_place(&self) -> Result<i64, RehearsalError> {
        // Asked from beside: a migration's role may not be allowed to.
        let asked = "select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::int8";
        let row = self.observer.query_one(asked, &[]).await.map_err(doing("ask for the log"))?;
        Ok(row.get(0))
    }

    async fn observe(
        &self,
        going: &mut Going,
        before: &Relations,
        run: &mut StatementRun,
    ) -> Result<(), RehearsalError> {
        let after = relations(&self.client).await.map_err(doing("read the catalog"))?;
        let now = locks(&self.client, self.session).await.map_err(doing("read the locks"))?;
        let difference = self.difference(before, &after);
        run.locks = difference.locks(&going.held, &now);
        run.rewritten = difference.rewritten();
        run.scanned = difference.scanned();
        run.built = difference.built();
        run.changed = difference.changed();
        run.size_change_bytes = difference.size_change();
        for (mut lost, place) in difference.lost() {
            if let Some((schema, table, column)) = place {
                let share = self.share_with_values(&schema, &table, &column).await?;
                let rows = (lost.rows as f64 * share).round() as u64;
                lost.rows = rows;
            }
            if lost.rows > 0 {
                run.lost.push(lost);
            }
        }
        going.held = now;
        Ok(())
    }

    /// Which share of rows has a value in a column, by the statistics as they were before.
    async fn share_with_values(
        &self,
        schema: &str,
        table: &str,
        column: &str,
    ) -> Result<f64, RehearsalError> {
        let asked = "select 1 - max(null_frac)::float8 from pg_stats
            where schemaname = $1 and tablename = $2 and attname = $3";
        let row = self
            .observer
            .query_one(asked, &[&schema, &table, &column])
            .await
            .map_err(doing("read the statistics"))?;
        Ok(row.get::<_, Option<f64>>(0).unwrap_or(1.0))
    }

    fn difference<'d>(&'d self, before: &'d Relations, after: &'d Relations) -> Difference<'d> {
        Difference { start: &self.start, before, after, scale: self.scale }
    }
}

/// Where a script stands.
struct Going {
    is_wrapped: bool,
    /// The transaction that is open, by number.
    open: Option<usize>,
    count: usize,
    held: Locks,
    done: Vec<StatementRun>,
}

impl Going {
    fn new(is_wrapped: bool) -> Self {
        let mut going =
            Self { is_wrapped, open: None, count: 0, held: Vec::new(), done: Vec::new() };
        if is_wrapped {
            going.begin();
        }
        going
    }

    fn begin(&mut self) {
        self.count += 1;
        self.open = Some(self.count);
        self.held.clear();
    }
}

fn begun(step: &Step) -> StatementRun {
    StatementRun {
        line: step.line,
        text: step.shown(),
        source: step.text.clone(),
        ..StatementRun::default()
    }
}

async fn invalid_indexes(client: &Client) -> Result<Vec<String>, Error> {
    let asked = "select indexrelid::regclass::text from pg_index where not indisvalid order by 1";
    let rows = client.query(asked, &[]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}
