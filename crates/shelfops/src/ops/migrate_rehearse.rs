//! Rehearses migrations on a copy of the database.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shelfops_advisor::rehearsal::run::{
    Migration, MigrationRun, Rehearsal, RehearsalError, Workload, check_scope,
};
use shelfops_advisor::rehearsal::verdict::{Judgement, Shown, Verdict, judge, page};
use shelfops_advisor::rehearsal::{Address, Copy, CopyError, CopyRequest, Progress, copy};
use shelfops_db::{Migrator, Target};

use super::context::TaskProgress;
use super::error::ErrorKind;
use super::output::{Verdict as Outcome, counted};
use super::{Context, Effect, OpError, Operation, Output};
use crate::rehearsals;

/// Rehearses migrations.
pub(crate) struct MigrateRehearse;

/// What is rehearsed, and on which copy.
#[derive(Debug, Default, Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// Migrations as files; NAME.up.sql takes its NAME.down.sql along [default: what is pending]
    #[arg(value_name = "FILE")]
    #[serde(default)]
    pub(crate) files: Vec<PathBuf>,
    /// How the copy is made [default: a sample where --tenant or --percent says of what, else a dump]
    #[arg(long, value_name = "KIND")]
    #[serde(default)]
    pub(crate) copy: Option<Kind>,
    /// Take the rows of this tenant, and what they refer to; several times for several
    #[arg(long, value_name = "TENANT", conflicts_with = "percent")]
    #[serde(default)]
    pub(crate) tenant: Vec<String>,
    /// Take so many of a hundred rows of large tables, and what they refer to
    #[arg(long, value_name = "PERCENT")]
    #[serde(default)]
    pub(crate) percent: Option<f64>,
    /// Restore this dump, which pg_dump made, instead of reading the database
    #[arg(long, value_name = "DUMP", conflicts_with_all = ["tenant", "percent"])]
    #[serde(default)]
    pub(crate) from: Option<PathBuf>,
    /// End the sessions of others for a clone, and let nobody in until it is made
    #[arg(long)]
    #[serde(default)]
    pub(crate) disconnect: bool,
    /// What others do meanwhile: statements of this file, instead of reads and writes by key
    #[arg(long, value_name = "FILE")]
    #[serde(default)]
    pub(crate) workload: Option<PathBuf>,
    /// Only drop copies that killed rehearsals have left behind
    #[arg(long, conflicts_with_all = ["files", "copy", "tenant", "percent", "from", "workload"])]
    #[serde(default)]
    pub(crate) clean: bool,
}

/// How a copy is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// From the database's files; nobody else may use it meanwhile.
    Clone,
    /// By dumping and restoring it.
    Dump,
    /// The schema, and some of the rows.
    Sample,
}

/// What was rehearsed.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(crate) struct Rehearsed {
    /// The worst verdict; nothing where nothing was rehearsed.
    verdict: Option<Verdict>,
    /// The copy.
    copy: Option<CopyMade>,
    /// The migrations, in order, up to one that fails.
    migrations: Vec<Judged>,
    /// Copies of killed rehearsals that were dropped.
    cleaned: Vec<String>,
}

/// A migration: what it did, and what is thought of that.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Judged {
    #[serde(flatten)]
    judgement: Judgement,
    #[serde(flatten)]
    run: MigrationRun,
}

/// The copy that was rehearsed on.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct CopyMade {
    /// How it was made: `clone`, `dump` or `sample`.
    kind: String,
    /// How long that took.
    duration_ms: u64,
    /// How many rows a sample has of each table that has any.
    tables: Vec<Sampled>,
}

/// How much of a table a sample has.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Sampled {
    table: String,
    rows: u64,
    /// About how many there are.
    of: u64,
}

impl Operation for MigrateRehearse {
    const NAME: &'static str = "migrate rehearse";
    const SUMMARY: &'static str = "Run migrations on a copy, under load, and say what they did";
    const DETAILS: &'static str = "\
Each goes up, down, and up again while others read and write. Told of each statement: locks, rows read and \
written anew, log, who waited; then whether down brings back schema and rows; and a verdict: safe, careful, \
dangerous or fails. The copy is made on the same server and dropped at the end; the database is only read. \
Exits with 3 when a verdict is dangerous or fails. docs/guides/rehearsing-migrations.md says more.

Examples:
  shelfops migrate rehearse
  shelfops migrate rehearse 20270110120000_add_index.up.sql --tenant acme
  shelfops migrate rehearse change.sql --percent 5
  shelfops migrate rehearse --from nightly.dump
  shelfops migrate rehearse --clean";
    const EFFECT: Effect = Effect::Changes;

    type Input = Input;
    type Data = Rehearsed;

    async fn run(context: &Context, input: Input) -> Result<Output<Rehearsed>, OpError> {
        let source =
            Address::parse(context.open_database().owner_url().await?).map_err(CopyError::from)?;
        if input.clean {
            return cleaned(&source).await;
        }
        let migrations = migrations(context, &input).await?;
        if migrations.is_empty() {
            return Ok(Output::new(
                "nothing is pending: there is nothing to rehearse",
                Rehearsed::default(),
            )
            .next(
                "shelfops migrate rehearse FILE",
                "rehearses a migration that is not part of the program",
            ));
        }
        let workload = rehearsals::workload(input.workload.as_deref())?;
        let request = CopyRequest {
            method: rehearsals::method(context, &input).await?,
            programs: rehearsals::programs()?,
            source,
        };
        // A clone needs the database for itself, and our own connections would be in its way.
        context.database().await?.close_idle();
        rehearse(context, &request, &migrations, &workload).await
    }
}

async fn cleaned(source: &Address) -> Result<Output<Rehearsed>, OpError> {
    let cleaned = copy::clean(source).await?;
    let summary = match cleaned.len() {
        0 => "no copies were left behind".to_owned(),
        count => format!("dropped {} that killed rehearsals had left behind", copies(count)),
    };
    Ok(Output::new(summary, Rehearsed { cleaned, ..Rehearsed::default() }))
}

fn copies(count: usize) -> String {
    if count == 1 { "1 copy".to_owned() } else { format!("{count} copies") }
}

async fn migrations(context: &Context, input: &Input) -> Result<Vec<Migration>, OpError> {
    let database = context.database().await?;
    let migrator = Migrator::new(database, context.config().timeseries_engine);
    if input.files.is_empty() {
        let pending = migrator.pending(Target::All).await?;
        if input.from.is_none() && migrator.applied(Target::All).await?.is_empty() {
            return Err(OpError::usage(
                "the database has no schema yet: `shelfops migrate up` builds it, and stops nobody",
            ));
        }
        return Ok(pending.iter().map(rehearsals::embedded).collect());
    }
    rehearsals::from_files(&input.files)
}

async fn rehearse(
    context: &Context,
    request: &CopyRequest,
    migrations: &[Migration],
    workload: &Workload,
) -> Result<Output<Rehearsed>, OpError> {
    check_scope(migrations)?;
    let talk = context.talk();
    let watch = |progress: Progress| {
        talk.progress(&TaskProgress {
            label: progress.doing,
            position: progress.done,
            length: progress.of,
            note: String::new(),
        });
    };
    let stopped = super::context::until_stopped(talk.as_ref());
    let work = async {
        let copy = Copy::make(request, &watch).await?;
        let rehearsal =
            Rehearsal { copy: &copy, programs: &request.programs, workload, watch: &watch };
        let runs = rehearsal.run(migrations).await;
        let made = made(&copy);
        copy.remove().await?;
        Ok::<_, OpError>((made, runs?))
    };
    let outcome = tokio::select! {
        outcome = work => Some(outcome),
        // What is dropped with the work drops the copy.
        () = stopped => None,
    };
    talk.done();
    let Some(outcome) = outcome else {
        let stopped = "the rehearsal was stopped, and its copy is dropped";
        return Ok(Output::new(stopped, Rehearsed::default()).verdict(Outcome::Stopped));
    };
    let (copy, runs) = outcome?;
    Ok(told(copy, runs, migrations.len()))
}

fn made(copy: &Copy) -> CopyMade {
    let tables = copy.sampled().iter().filter(|one| one.of > 0).map(|one| Sampled {
        table: format!("{}.{}", one.schema, one.name),
        rows: one.rows,
        of: one.of,
    });
    CopyMade {
        kind: copy.kind().name().to_owned(),
        duration_ms: u64::try_from(copy.duration().as_millis()).unwrap_or(u64::MAX),
        tables: tables.collect(),
    }
}

fn told(copy: CopyMade, runs: Vec<MigrationRun>, wanted: usize) -> Output<Rehearsed> {
    let migrations: Vec<Judged> =
        runs.into_iter().map(|run| Judged { judgement: judge(&run), run }).collect();
    let shown: Vec<Shown<'_>> =
        migrations.iter().map(|it| Shown { run: &it.run, judgement: &it.judgement }).collect();
    let page = page(&shown);
    let worst = migrations.iter().map(|it| it.judgement.verdict).max();
    let is_sample = copy.kind == "sample";
    let summary = format!(
        "{}: {} rehearsed on a {} made in {} ms",
        worst.map_or("nothing", Verdict::name),
        counted(migrations.len(), "migration"),
        copy.kind,
        copy.duration_ms
    );
    let left = wanted - migrations.len();
    let reasons: Vec<(String, String)> = migrations
        .iter()
        .flat_map(|it| it.judgement.reasons.iter())
        .filter(|reason| reason.verdict > Verdict::Safe)
        .map(|reason| (reason.claim.clone(), reason.evidence.clone()))
        .collect();
    let data = Rehearsed { verdict: worst, copy: Some(copy), migrations, cleaned: Vec::new() };
    let mut output = Output::new(summary, data).page(page);
    if left > 0 {
        output = output.line(format!("{} behind it not rehearsed", counted(left, "migration")));
    }
    for (claim, evidence) in reasons.into_iter().take(5) {
        output = output.why(claim, evidence);
    }
    if is_sample {
        output = output.risk(
            "rehearsed on a sample: rows and times for all are estimates, and rows that are not in it \
             may still be in the way",
        );
    }
    concluded(output, worst)
}

fn concluded(output: Output<Rehearsed>, worst: Option<Verdict>) -> Output<Rehearsed> {
    match worst {
        Some(Verdict::Safe) => output
            .next("shelfops migrate up", "nothing was seen that stops others or loses anything"),
        Some(Verdict::Careful) => output.risk("read the reasons first: somebody has to decide"),
        Some(Verdict::Dangerous | Verdict::Fails) => output
            .next("shelfops migrate rehearse", "once more, when the migration is another")
            .verdict(Outcome::Problems),
        None => output,
    }
}

impl From<CopyError> for OpError {
    fn from(error: CopyError) -> Self {
        let kind = match &error {
            CopyError::Unreachable { .. } => ErrorKind::DependencyDown,
            CopyError::InUse { .. } => ErrorKind::Conflict,
            CopyError::Address(_) | CopyError::Unsampleable { .. } => ErrorKind::Usage,
            CopyError::Dump { .. } => ErrorKind::NotFound,
            _ => ErrorKind::Failed,
        };
        Self::from_error(kind, error)
    }
}

impl From<RehearsalError> for OpError {
    fn from(error: RehearsalError) -> Self {
        match error {
            RehearsalError::Copy(error) => error.into(),
            error @ (RehearsalError::Workload { .. } | RehearsalError::OfServer { .. }) => {
                Self::from_error(ErrorKind::Usage, error)
            }
            error => Self::from_error(ErrorKind::Failed, error),
        }
    }
}
