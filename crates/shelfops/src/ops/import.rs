//! Imports files.

use std::path::PathBuf;

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shelfops_db::models::{QuarantineFilter, Tenant};
use shelfops_ingest::quarantine::ReferenceEntity;
use shelfops_ingest::{SourceName, Stream};
use shelfops_integrations::file::{ClockSetting, Mapping};

use super::error::ErrorKind;
use super::output::{Verdict, counted};
use super::{Context, Effect, OpError, Operation, Output};
use crate::import::{
    BATCH_RECORDS, Counts, DryRun, FileReport, ImportRequest, Kind, Replay, ReplayReport,
    UnknownPolicy, dry_run, import_file, replay_arrived, without_records,
};

/// Imports files.
pub(crate) struct Import;

/// Which files, whose, and how they are read.
#[derive(Debug, Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Input {
    /// CSV, JSON Lines or Parquet files; the text formats may be compressed with gzip or zstd
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// The tenant that the records belong to
    #[arg(long)]
    pub(crate) tenant: String,
    /// What the files hold
    #[arg(long)]
    pub(crate) kind: Kind,
    /// Which of the tenant's systems they come from [default: what the mapping says, else 'file']
    #[arg(long)]
    #[serde(default)]
    pub(crate) source: Option<String>,
    /// How columns are read: a TOML file, or the name of a mapping that comes with the program
    #[arg(long, value_name = "FILE|NAME")]
    #[serde(default)]
    pub(crate) map: Option<String>,
    /// By whose clock times without offset are read: an IANA name, or 'store' for each store's own
    #[arg(long, value_name = "ZONE")]
    #[serde(default)]
    pub(crate) time_zone: Option<String>,
    /// Show the mapping, the first records and what would be refused; load nothing
    #[arg(long)]
    #[serde(default)]
    pub(crate) dry_run: bool,
    /// What happens to records that name an unknown store
    #[arg(long, value_name = "POLICY", default_value = "quarantine")]
    #[serde(default)]
    pub(crate) unknown_stores: UnknownPolicy,
    /// What happens to records that name an unknown product
    #[arg(long, value_name = "POLICY", default_value = "quarantine")]
    #[serde(default)]
    pub(crate) unknown_products: UnknownPolicy,
    /// What happens to orders that name an unknown supplier
    #[arg(long, value_name = "POLICY", default_value = "quarantine")]
    #[serde(default)]
    pub(crate) unknown_suppliers: UnknownPolicy,
    /// Read from the start although the file was read before; changes nothing that is loaded
    #[arg(long)]
    #[serde(default)]
    pub(crate) again: bool,
    /// Go on although none of the first thousand records passed
    #[arg(long)]
    #[serde(default)]
    pub(crate) keep_going: bool,
    /// Exit with 3 when any record went to quarantine
    #[arg(long)]
    #[serde(default)]
    pub(crate) strict: bool,
    /// How many records are committed at once; rounded up to whole blocks of at most 4096
    #[arg(long, value_name = "COUNT", default_value_t = BATCH_RECORDS)]
    #[serde(default = "batch_records")]
    pub(crate) batch_records: u32,
}

const fn batch_records() -> u32 {
    BATCH_RECORDS
}

/// What became of the files.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Imported {
    /// All of them together.
    #[serde(skip_serializing_if = "Option::is_none")]
    totals: Option<Counts>,
    /// Each file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    files: Vec<FileReport>,
    /// Records that waited for what these files brought.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    replayed: Vec<ReplayReport>,
    /// Files that could not be read to their end, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failed: Vec<FailedFile>,
    /// How the files would be read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dry_runs: Vec<DryRun>,
}

/// A file that could not be read to its end.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct FailedFile {
    file: String,
    error: String,
}

impl Operation for Import {
    const NAME: &'static str = "import";
    const SUMMARY: &'static str = "Load files: mapped, validated, deduplicated";
    const DETAILS: &'static str = "\
Columns are found by name; --dry-run shows which, and a mapping file (--map) says the rest.
Records that break a rule go to quarantine with their reason. A file that was loaded is known
by its content: importing it again changes nothing. Interrupted, the same command resumes.

Examples:
  shelfops import stores.csv --tenant acme --kind stores
  shelfops import sales-*.csv.gz --tenant acme --kind transactions --dry-run
  shelfops import sales.parquet --tenant acme --kind transactions --map tills.toml";
    const EFFECT: Effect = Effect::Changes;

    type Input = Input;
    type Data = Imported;

    fn changes_tenant(input: &Input) -> Option<&str> {
        (!input.dry_run).then_some(input.tenant.as_str())
    }

    async fn run(context: &Context, input: Input) -> Result<Output<Imported>, OpError> {
        let requests = requests(&input)?;
        let tenant = context.database().await?.find_tenant(&input.tenant).await?;
        if input.dry_run {
            return show(context, &tenant, &requests).await;
        }
        load(context, &tenant, &input, &requests).await
    }
}

fn requests(input: &Input) -> Result<Vec<ImportRequest>, OpError> {
    let stream = Stream::from(input.kind);
    let mut mapping = match &input.map {
        Some(name) => Mapping::load(name).map_err(|error| OpError::from(error).of(name))?,
        None => Mapping::default(),
    };
    if let Some(zone) = &input.time_zone {
        let clock = ClockSetting::try_from(zone.clone())
            .map_err(|error| OpError::usage(format!("--time-zone: {error}")))?;
        mapping.time_zone = Some(clock);
    }
    let source = match (&input.source, &mapping.source) {
        (Some(name), _) => {
            SourceName::parse(name).map_err(|error| OpError::usage(error.to_string()))?
        }
        (None, Some(named)) => named.clone(),
        (None, None) => {
            SourceName::parse("file").map_err(|error| OpError::usage(error.to_string()))?
        }
    };
    let policies = [
        (input.unknown_stores, ReferenceEntity::Store),
        (input.unknown_products, ReferenceEntity::Product),
        (input.unknown_suppliers, ReferenceEntity::Supplier),
    ];
    let create_unknown: Vec<ReferenceEntity> = policies
        .into_iter()
        .filter(|(policy, _)| *policy == UnknownPolicy::Create)
        .map(|(_, entity)| entity)
        .collect();
    Ok(input
        .files
        .iter()
        .map(|path| ImportRequest {
            path: path.clone(),
            stream,
            source: source.clone(),
            mapping: mapping.clone(),
            create_unknown: create_unknown.clone(),
            batch_records: input.batch_records.clamp(1, 1_000_000),
            again: input.again,
            stop_when_hopeless: !input.keep_going,
        })
        .collect())
}

async fn show(
    context: &Context,
    tenant: &Tenant,
    requests: &[ImportRequest],
) -> Result<Output<Imported>, OpError> {
    const RECORDS: usize = 1_000;
    let mut dry_runs = Vec::new();
    for request in requests {
        dry_runs.push(dry_run(context, tenant, request, RECORDS).await?);
    }
    let looked_at: u64 = dry_runs.iter().map(|run| run.records_looked_at).sum();
    let would_pass: u64 = dry_runs.iter().map(|run| run.would_pass).sum();
    let already_loaded: u64 = dry_runs.iter().map(|run| run.already_loaded).sum();
    let data = Imported {
        totals: None,
        files: Vec::new(),
        replayed: Vec::new(),
        failed: Vec::new(),
        dry_runs,
    };
    if looked_at == 0 {
        return Ok(Output::new("nothing was loaded; there was no record to look at", data));
    }
    Ok(Output::new(
        format!(
            "nothing was loaded; {would_pass} of the first {looked_at} records would pass, \
             {already_loaded} of them are loaded already"
        ),
        data,
    )
    .next("the same command without --dry-run", "loads the files"))
}

async fn load(
    context: &Context,
    tenant: &Tenant,
    input: &Input,
    requests: &[ImportRequest],
) -> Result<Output<Imported>, OpError> {
    let mut files = Vec::new();
    let mut failed = Vec::new();
    let mut totals = Counts::default();
    for request in requests {
        match import_file(context, tenant, request).await {
            Ok(report) => {
                totals.add(&report.counts);
                let stopped = report.status == "stopped";
                files.push(report);
                if stopped {
                    break;
                }
            }
            Err(error) => failed.push((request.path.display().to_string(), error)),
        }
    }
    // What was imported is told all the same where nobody can say how much of it was refused before.
    let refused_before = refused_before(context, tenant, &files).await.unwrap_or_default();
    // Also when files failed: what they committed before may be what others waited for.
    let (replayed, problems) = match replay_arrived(context, tenant).await {
        Ok(Replay { reports, failed }) => {
            (reports, failed.into_iter().map(|failed| failed.error).collect())
        }
        // What was imported is told all the same.
        Err(error) => (Vec::new(), vec![error]),
    };
    if requests.len() == 1
        && let Some((file, error)) = failed.pop()
    {
        return Err(error.of(&file));
    }
    let failed = failed
        .into_iter()
        .map(|(file, error)| FailedFile { file, error: error.with_reasons() })
        .collect();
    let data = Imported { totals: Some(totals), files, replayed, failed, dry_runs: Vec::new() };
    Ok(with_problems(describe(data, tenant, input, refused_before), &problems))
}

/// Counts the records that these files had refused and an earlier run before: those that this one put into
/// quarantine stand there under its id.
async fn refused_before(
    context: &Context,
    tenant: &Tenant,
    files: &[FileReport],
) -> Result<u64, OpError> {
    let refusing: Vec<_> = files.iter().filter(|report| report.counts.quarantined > 0).collect();
    if refusing.is_empty() {
        return Ok(0);
    }
    let tx = context.database().await?.tenant(tenant.customer_id).await?;
    let mut refused_before = 0;
    for report in refusing {
        let sync_run_id = report.sync_run_id.as_deref().and_then(|id| id.parse().ok());
        let filter = QuarantineFilter { sync_run_id, ..Default::default() };
        let kept = tx.quarantined_count(&filter).await?.unsigned_abs();
        refused_before += report.counts.quarantined.saturating_sub(kept);
    }
    Ok(refused_before)
}

/// Tells of records that were not replayed.
fn with_problems(output: Output<Imported>, problems: &[OpError]) -> Output<Imported> {
    problems.iter().fold(output, |output, problem| {
        // Whoever else replays them at this moment brings them in, or the next import does.
        let is_left_to_others = problem.kind() == ErrorKind::Conflict;
        let verdict =
            if is_left_to_others { output.verdict } else { output.verdict.or(Verdict::Partial) };
        let risk = format!("records that waited for these were not replayed: {problem}");
        output.risk(risk).verdict(verdict)
    })
}

fn describe(
    data: Imported,
    tenant: &Tenant,
    input: &Input,
    refused_before: u64,
) -> Output<Imported> {
    let totals = data.totals.clone().unwrap_or_default();
    let (failed, stopped) =
        (data.failed.len(), data.files.iter().any(|report| report.status == "stopped"));
    let any_read = !data.files.is_empty();
    let is_nothing_new =
        failed == 0 && data.files.iter().all(|report| report.status == "nothing new");
    let waiting: u64 = data.files.iter().filter_map(|report| report.waiting).sum();
    let replayed: u64 = data
        .replayed
        .iter()
        .map(|report| report.counts.inserted + report.counts.updated + report.counts.unchanged)
        .sum();
    let mut output = with_empty_files(if is_nothing_new {
        Output::new("nothing new: these files were loaded before", data)
    } else {
        Output::new(told(&totals, refused_before), data)
    });
    if failed > 0 {
        output =
            output.line(format!("{failed} of {} files could not be imported", input.files.len()));
    }
    if stopped {
        output = output.next("the same command", "goes on behind what is loaded");
    }
    if replayed > 0 {
        output = output.line(format!(
            "{} that waited in quarantine for these came in with them",
            counted(replayed, "record")
        ));
    }
    output = with_waiting(output, waiting, tenant);
    if totals.quarantined > 0 || waiting > 0 {
        output = output.next(
            format!("shelfops quarantine list --tenant {}", tenant.slug),
            "says what was refused and why",
        );
    }
    if is_nothing_new {
        output = output
            .next("the same command with --again", "reads them once more; changes nothing loaded");
    }
    output.verdict(if stopped {
        Verdict::Stopped
    } else if failed > 0 {
        if any_read { Verdict::Partial } else { Verdict::Failed }
    } else if input.strict && totals.quarantined > 0 {
        Verdict::Problems
    } else {
        Verdict::Good
    })
}

/// Says what became of the records.
fn told(totals: &Counts, refused_before: u64) -> String {
    let grouped = |number: u64| crate::cli::grouped(&number.to_string());
    let before = match refused_before {
        0 => String::new(),
        count => format!(" ({} of them refused before)", grouped(count)),
    };
    format!(
        "{} read: {} new, {} updated, {} unchanged, {} in quarantine{before}",
        grouped(totals.read),
        grouped(totals.inserted),
        grouped(totals.updated),
        grouped(totals.unchanged),
        grouped(totals.quarantined),
    )
}

/// Tells of files without a single record.
fn with_empty_files(output: Output<Imported>) -> Output<Imported> {
    let files = output.data.files.iter();
    let empty = files.filter(|report| report.status == "loaded" && report.counts.read == 0);
    let risks: Vec<String> = empty.map(|report| without_records(&report.file)).collect();
    risks.into_iter().fold(output, Output::risk)
}

/// Tells of records that wait of files that are not read once more, so that no flag of this command
/// reaches them.
fn with_waiting(output: Output<Imported>, waiting: u64, tenant: &Tenant) -> Output<Imported> {
    if waiting == 0 {
        return output;
    }
    output.line(format!("of those loaded before, {} in quarantine still", waits(waiting))).next(
        format!("shelfops quarantine replay --tenant {} --create-unknown", tenant.slug),
        "loads what waits, and makes the stores, products and suppliers that it names",
    )
}

fn waits(count: u64) -> String {
    let verb = if count == 1 { "waits" } else { "wait" };
    format!("{} {verb}", counted(count, "record"))
}
