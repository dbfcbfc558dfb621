//! Judges migrations without running them.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shelfops_advisor::lint::{self, Finding, InputError, Profile, Report, Runner, Severity};

use super::error::ErrorKind;
use super::output::{Verdict, counted};
use super::{Context, Effect, OpError, Operation, Output};

/// Judges migrations.
pub(crate) struct MigrateLint;

/// Which migrations, and by what.
#[derive(Debug, Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// Files, directories of .sql files in the order of their names, or '-' for stdin
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// What was applied before: read, not judged [default: earlier files beside a numbered one]
    #[arg(long, value_name = "FILE")]
    #[serde(default)]
    pub(crate) after: Vec<PathBuf>,
    /// Ask the database for types, sizes and indexes; nothing in it is changed
    #[arg(long)]
    #[serde(default)]
    pub(crate) database: bool,
    /// By which rules: those of any PostgreSQL, or with what this product's tables need
    #[arg(long, value_name = "PROFILE", default_value = "house")]
    #[serde(default)]
    pub(crate) profile: Rules,
    /// The column that says whose a row is [default: customer_id, or what the schema shows]
    #[arg(long, value_name = "COLUMN")]
    #[serde(default)]
    pub(crate) tenant_column: Option<String>,
    /// How findings are shown to people: text with carets, or SARIF for code hosts
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    #[serde(default)]
    pub(crate) format: Shape,
}

/// By which rules.
#[derive(Clone, Copy, Debug, Default, ValueEnum, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Rules {
    /// Those of any PostgreSQL, and what this product's tables need.
    #[default]
    House,
    /// Those of any PostgreSQL.
    General,
}

/// How findings are shown.
#[derive(Clone, Copy, Debug, Default, ValueEnum, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Shape {
    /// With the line and carets below it.
    #[default]
    Text,
    /// SARIF 2.1.0.
    Sarif,
}

/// What was found.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Judged {
    /// The findings, in the order of files and lines.
    findings: Vec<Finding>,
    /// How many of them are errors.
    errors: usize,
    /// How many are warnings.
    warnings: usize,
    /// How many are notes.
    notes: usize,
    /// How many findings comments allow.
    allowed: usize,
    /// How many files were judged.
    files: usize,
    /// How many statements they have.
    statements: usize,
}

impl Operation for MigrateLint {
    const NAME: &'static str = "migrate lint";
    const SUMMARY: &'static str = "Judge migrations: locks, rewrites, lost data, open doors";
    const DETAILS: &'static str = "\
Any .sql file will do. An error means exit code 3; what is meant is allowed by a comment above the
statement, `-- shelfops:allow RULE because REASON`, or in migrations that have landed by a line
`FILE: RULE because REASON` in a file lint.allow beside them. docs/reference/lint has a page a rule.

Examples:
  shelfops migrate lint migrations/
  shelfops migrate lint 0042_add_index.sql --database
  git show :new.sql | shelfops migrate lint - --after schema.sql --profile general
  shelfops migrate lint migrations/ --format sarif > lint.sarif";
    const EFFECT: Effect = Effect::Reads;

    type Input = Input;
    type Data = Judged;

    async fn run(context: &Context, input: Input) -> Result<Output<Judged>, OpError> {
        let (files, after) = (input.files.clone(), input.after.clone());
        let reading = tokio::task::spawn_blocking(move || lint::Input::read(&files, &after)).await;
        let mut texts =
            reading.map_err(|lost| OpError::failed(format!("reading broke off: {lost}")))??;
        let state = if input.database {
            // What it has says more than files that were applied to it.
            texts.earlier.clear();
            ask(context).await?
        } else {
            lint::SchemaState::default()
        };
        let profile = profile(&input);
        let judging = tokio::task::spawn_blocking(move || lint::lint(texts, state, &profile)).await;
        let report =
            judging.map_err(|lost| OpError::failed(format!("judging broke off: {lost}")))?;
        Ok(told(report, &input))
    }
}

async fn ask(context: &Context) -> Result<lint::SchemaState, OpError> {
    let url = context.open_database().owner_url().await?;
    lint::ask(url).await.map_err(|error| {
        let kind = match error {
            lint::AskError::BadAddress(_) => ErrorKind::Usage,
            lint::AskError::Unreachable(_) => ErrorKind::DependencyDown,
            lint::AskError::Silent(_) => ErrorKind::Failed,
        };
        OpError::from_error(kind, error)
    })
}

/// Returns what is special to this product's migrations, or to the column that was named.
fn profile(input: &Input) -> Profile {
    let mut profile = match input.profile {
        Rules::General => Profile::default(),
        Rules::House => house(),
    };
    if let Some(column) = &input.tenant_column {
        profile.requires_tenants = true;
        profile.tenant_column = Some(column.clone());
    }
    profile
}

/// What this product's own migrations are judged by.
fn house() -> Profile {
    Profile {
        tenant_column: Some("customer_id".to_owned()),
        requires_tenants: true,
        tenant_schemas: vec!["public".to_owned()],
        isolation_functions: vec!["shelfops.protect_tenant_table".to_owned()],
        timeseries_functions: vec!["shelfops.create_timeseries".to_owned()],
        runner: Some(Runner {
            without_transaction: "shelfops:no-transaction".to_owned(),
            sets_lock_timeout: true,
        }),
    }
}

fn told(report: Report, input: &Input) -> Output<Judged> {
    let [errors, warnings, notes] =
        [Severity::Error, Severity::Warning, Severity::Note].map(|severity| report.count(severity));
    let page = match input.format {
        Shape::Text => lint::text(&report),
        Shape::Sarif => format!("{:#}\n", lint::sarif(&report)),
    };
    let read =
        format!("{} in {}", counted(report.statements, "statement"), counted(report.files, "file"));
    let summary = match (errors, warnings, notes) {
        (0, 0, 0) => format!("nothing to object to: {read}"),
        _ => format!(
            "{}, {}, {}: {read}",
            counted(errors, "error"),
            counted(warnings, "warning"),
            counted(notes, "note")
        ),
    };
    let allowed = report.allowed;
    let data = Judged {
        errors,
        warnings,
        notes,
        allowed,
        files: report.files,
        statements: report.statements,
        findings: report.findings,
    };
    let loud = errors + warnings > 0;
    let output = Output::new(summary, data).page(page);
    let output = match allowed {
        0 => output,
        _ => output.line(format!("{} allowed, with a reason", counted(allowed, "finding"))),
    };
    let output = if loud && !input.database {
        output.next(
            "the same command with --database",
            "knows the size of each table: what is quick there becomes a note",
        )
    } else {
        output
    };
    output.verdict(if errors > 0 { Verdict::Problems } else { Verdict::Good })
}

impl From<InputError> for OpError {
    fn from(error: InputError) -> Self {
        let kind = match &error {
            InputError::Missing { .. } | InputError::Empty { .. } => ErrorKind::NotFound,
            InputError::NoText { .. } | InputError::TooLarge { .. } => ErrorKind::Usage,
            InputError::Unreadable { .. } => ErrorKind::Failed,
        };
        Self::from_error(kind, error)
    }
}
