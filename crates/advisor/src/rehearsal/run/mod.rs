//! Runs migrations on a copy: up alone, down, up again under load, and looks at all of it.
//!
//! What statements did is read from the server: locks from `pg_locks`, rewriting from the numbers of
//! files, reading from the counters of the transaction. No table of what statements are thought to do.

mod compare;
mod error;
mod failure;
mod locks;
mod observe;
mod perform;
mod report;
mod script;
mod watcher;
mod workload;

use shelfops_connection::Address;
use tokio_postgres::Client;

pub use error::RehearsalError;
pub use locks::LockMode;
pub use report::{
    Blocked, BrokenStatement, BuiltIndex, Failure, LockTaken, Lost, MigrationRun, Rewritten,
    RowsOf, StatementRun, Violations, WayBack, WorkloadRun,
};
pub use script::{Migration, Script};
pub use workload::Workload;

use super::copy::{APPLICATION, Copy};
use super::programs::Programs;
use super::progress::{Progress, Watch};
use super::tables::tables;
use compare::{Digests, differences, digests, lost, schema};
use error::doing;
use failure::is_contention;
use perform::{Performed, Performer, Scale};
use workload::{Statements, Working};

/// Refuses migrations that would change the server itself. To be asked before a copy is made.
///
/// # Errors
/// Names the first statement that belongs to the server.
pub fn check_scope(migrations: &[Migration]) -> Result<(), RehearsalError> {
    for migration in migrations {
        let scripts = std::iter::once(&migration.up).chain(&migration.down);
        if let Some(statement) = scripts.into_iter().find_map(Script::of_server) {
            return Err(RehearsalError::OfServer { migration: migration.name.clone(), statement });
        }
    }
    Ok(())
}

/// What is rehearsed, and where.
pub struct Rehearsal<'r> {
    /// The copy that it happens on.
    pub copy: &'r Copy,
    /// PostgreSQL's programs.
    pub programs: &'r Programs,
    /// What others do meanwhile.
    pub workload: &'r Workload,
    /// Who hears of progress.
    pub watch: Watch<'r>,
}

impl Rehearsal<'_> {
    /// Rehearses migrations, in the order they would be applied, up to one that fails.
    ///
    /// Those that can be taken back are applied three ways: alone, to see what they do; back; and again
    /// while others work. The rest are applied once, while others work.
    ///
    /// # Errors
    /// Says what kept it from finding out. A migration that fails is an answer.
    pub async fn run(&self, migrations: &[Migration]) -> Result<Vec<MigrationRun>, RehearsalError> {
        check_scope(migrations)?;
        let mut runs = Vec::new();
        for migration in migrations {
            self.copy.check_held().await?;
            let run = self.one(migration).await;
            // A migration whose copy was dropped under it did not fail by itself.
            self.copy.check_held().await?;
            let run = run?;
            let is_over = run.failure().is_some()
                || run.down.as_ref().is_some_and(|down| down.again_failed.is_some());
            runs.push(run);
            if is_over {
                break;
            }
        }
        Ok(runs)
    }

    async fn one(&self, migration: &Migration) -> Result<MigrationRun, RehearsalError> {
        let copy = self.copy.address();
        let observer = copy.connect(APPLICATION).await.map_err(doing("connect to the copy"))?;
        let known = tables(&observer).await.map_err(doing("list the tables"))?;
        let text = &migration.up.text;
        let statements = Statements::derive(&observer, self.workload, &known, text).await?;
        let scale = |schema: &str, name: &str| self.copy.scale_of(schema, name);
        let rehearsed =
            One { migration, copy, observer: &observer, statements: &statements, scale: &scale };
        match &migration.down {
            Some(down) => self.both_ways(&rehearsed, down).await,
            None => self.one_way(&rehearsed).await,
        }
    }

    fn tell(&self, one: &One<'_>, what: &str) {
        (self.watch)(Progress::begun(format!("{}: {what}", one.migration.name)));
    }

    async fn one_way(&self, one: &One<'_>) -> Result<MigrationRun, RehearsalError> {
        self.tell(one, "up, while others work");
        let working = Working::start(one.copy, one.statements).await?;
        let performed = one.up().await;
        let workload = working.finish().await;
        let broken = one.broken().await?;
        Ok(MigrationRun {
            name: one.migration.name.clone(),
            statements: performed?.statements,
            down: None,
            broken,
            workload,
        })
    }

    async fn both_ways(
        &self,
        one: &One<'_>,
        down: &Script,
    ) -> Result<MigrationRun, RehearsalError> {
        self.tell(one, "reading what is there");
        let before = State::read(self.programs, one).await?;
        self.tell(one, "up");
        let up = one.up().await?;
        let mut run = MigrationRun {
            name: one.migration.name.clone(),
            statements: Vec::new(),
            down: None,
            broken: Vec::new(),
            workload: WorkloadRun::default(),
        };
        if up.has_failed() {
            run.statements = up.statements;
            return Ok(run);
        }
        let applied = schema(self.programs, one.copy).await?;
        self.tell(one, "down");
        let back = one.perform(down).await?;
        let has_failed = back.has_failed();
        let mut way = WayBack { statements: back.statements, ..WayBack::default() };
        run.statements = up.statements;
        if !has_failed {
            let now = schema(self.programs, one.copy).await?;
            way.schema_differences = differences(&before.schema, &now);
            way.lost_data =
                lost(one.observer, &before.rows).await.map_err(doing("compare the rows"))?;
            self.tell(one, "up again, while others work");
            self.again(one, &mut run, &mut way).await?;
            if way.again_failed.is_none() {
                let again = schema(self.programs, one.copy).await?;
                way.again_differences = differences(&applied, &again);
            }
        }
        run.down = Some(way);
        run.broken = one.broken().await?;
        Ok(run)
    }

    /// Applies it again, under load, and notes who waited for which statement.
    async fn again(
        &self,
        one: &One<'_>,
        run: &mut MigrationRun,
        way: &mut WayBack,
    ) -> Result<(), RehearsalError> {
        let working = Working::start(one.copy, one.statements).await?;
        let performed = one.up().await;
        run.workload = working.finish().await;
        let performed = performed?;
        for (place, statement) in run.statements.iter_mut().enumerate() {
            statement.blocked = performed.seen.blocked(place);
        }
        let Some(failure) = performed.statements.into_iter().find_map(|it| it.failure) else {
            return Ok(());
        };
        if !is_contention(&failure) {
            way.again_failed = Some(failure);
            return Ok(());
        }
        // Others were in the way. Whoever runs it has to try again, and so does this.
        run.workload.failure = Some(failure);
        let alone = one.up().await?;
        way.again_failed = alone.statements.into_iter().find_map(|it| it.failure);
        Ok(())
    }
}

/// One migration, and what is needed to run it.
struct One<'o> {
    migration: &'o Migration,
    copy: &'o Address,
    observer: &'o Client,
    statements: &'o Statements,
    scale: Scale<'o>,
}

impl One<'_> {
    async fn up(&self) -> Result<Performed, RehearsalError> {
        self.perform(&self.migration.up).await
    }

    async fn perform(&self, script: &Script) -> Result<Performed, RehearsalError> {
        let performer = Performer::open(self.copy, self.observer, self.scale).await?;
        performer.perform(&self.migration.name, script, self.copy).await
    }

    async fn broken(&self) -> Result<Vec<BrokenStatement>, RehearsalError> {
        self.statements.failing(self.observer).await.map_err(doing("run the workload once more"))
    }
}

/// What there was.
struct State {
    schema: Vec<String>,
    rows: Digests,
}

impl State {
    async fn read(programs: &Programs, one: &One<'_>) -> Result<Self, RehearsalError> {
        Ok(Self {
            schema: schema(programs, one.copy).await?,
            rows: digests(one.observer).await.map_err(doing("add up the rows"))?,
        })
    }
}

impl MigrationRun {
    /// Why it failed.
    pub fn failure(&self) -> Option<&Failure> {
        self.statements.iter().find_map(|statement| statement.failure.as_ref())
    }
}
