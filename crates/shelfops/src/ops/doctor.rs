//! Says what is there, what is missing, and how to mend it.

use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shelfops_db::{Database, DbError, Health, MigrationState, Migrator};

use super::error::joined;
use super::output::{Verdict, counted};
use super::{Context, Effect, OpError, Operation, Output};
use crate::jobs::SILENT_POLICIES;
use crate::rehearsals;
use crate::series::troubles;

/// Says what is there and what is missing.
pub(crate) struct Doctor;

/// Nothing to say.
#[derive(Debug, Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {}

/// One thing that was looked at.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Check {
    check: &'static str,
    state: &'static str,
    found: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    mend: Option<String>,
}

impl Check {
    fn ok(check: &'static str, found: impl Into<String>) -> Self {
        Self { check, state: "ok", found: found.into(), mend: None }
    }

    fn warning(check: &'static str, found: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { check, state: "warning", found: found.into(), mend: Some(mend.into()) }
    }

    fn problem(check: &'static str, found: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { check, state: "problem", found: found.into(), mend: Some(mend.into()) }
    }
}

impl Operation for Doctor {
    const NAME: &'static str = "doctor";
    const SUMMARY: &'static str = "Say what is there, what is missing, and how to mend it";
    const DETAILS: &'static str = "Exits with 3 when something is wrong.";
    const EFFECT: Effect = Effect::Reads;

    type Input = Input;
    type Data = Vec<Check>;

    async fn run(context: &Context, _input: Input) -> Result<Output<Vec<Check>>, OpError> {
        let checks = match reach(context).await? {
            Ok((database, health)) => look(context, database, &health).await?,
            Err(unreached) => vec![unreached],
        };
        let count = |state| checks.iter().filter(|check| check.state == state).count();
        let (problems, warnings) = (count("problem"), count("warning"));
        let summary = match (problems, warnings) {
            (0, 0) => format!("all {} checks are well", checks.len()),
            _ => format!(
                "{} and {} in {}",
                counted(problems, "problem"),
                counted(warnings, "warning"),
                counted(checks.len(), "check")
            ),
        };
        let verdict = if problems > 0 { Verdict::Problems } else { Verdict::Good };
        Ok(Output::new(summary, checks).verdict(verdict))
    }
}

/// Reaches the server, or says as a finding why it cannot be: that is what a doctor is called for.
async fn reach(context: &Context) -> Result<Result<(&Database, Health), Check>, OpError> {
    let kind = kind(context);
    let mend = if context.open_database().is_embedded() {
        "`make packages` installs what is missing; SHELFOPS_POSTGRES_BIN names the directory of another \
         PostgreSQL"
    } else {
        "start the server, or correct DATABASE_URL: docs/guides/existing-server.md says what it may be"
    };
    let database = match context.database().await {
        Ok(database) => database,
        Err(error) => {
            return Ok(Err(Check::problem(
                "server",
                format!("{kind}: {}", one_line(&error)),
                mend,
            )));
        }
    };
    match database.health().await {
        Ok(health) => Ok(Ok((database, health))),
        Err(DbError::Unreachable { address, source }) => {
            let reason = joined(&*source, ": ");
            Ok(Err(Check::problem("server", format!("{kind}, {address}: {reason}"), mend)))
        }
        Err(error) => Err(error.into()),
    }
}

/// Says why in one line, for a cell of a table.
fn one_line(error: &OpError) -> String {
    error.with_reasons().replace("\n  because: ", ": ")
}

async fn look(
    context: &Context,
    database: &Database,
    health: &Health,
) -> Result<Vec<Check>, OpError> {
    let server = Check::ok("server", format!("{}, {}", kind(context), database.address()));
    let mut checks = vec![server, version(health), timescale(health)];
    checks.push(migrations(context).await?);
    if health.is_migrated {
        checks.extend(isolation(health));
        checks.extend(alerts(context).await?);
        checks.extend(time_series(context).await);
    }
    checks.extend(leftovers(context).await);
    Ok(checks)
}

fn kind(context: &Context) -> &'static str {
    if context.open_database().is_embedded() { "embedded" } else { "existing" }
}

fn version(health: &Health) -> Check {
    let found = format!("PostgreSQL {}", health.server_version);
    if health.server_version_number >= 150_000 {
        Check::ok("version", found)
    } else {
        Check::problem("version", found, "use PostgreSQL 15 or newer")
    }
}

fn timescale(health: &Health) -> Check {
    match (&health.timescaledb_version, health.timescaledb_license.as_deref()) {
        (Some(version), Some("timescale")) => {
            Check::ok("timescaledb", format!("{version}, community licence"))
        }
        (Some(version), _) => Check::warning(
            "timescaledb",
            format!("{version}, Apache licence: no compression, no continuous aggregates"),
            "the community edition has both; ShelfOps works without",
        ),
        (None, _) => Check::warning(
            "timescaledb",
            "not there: time series are kept in native partitions",
            "install TimescaleDB for compression; ShelfOps works without",
        ),
    }
}

async fn migrations(context: &Context) -> Result<Check, OpError> {
    let database = context.database().await?;
    let statuses = Migrator::new(database, context.config().timeseries_engine).status().await?;
    let count = |state| statuses.iter().filter(|status| status.state == state).count();
    let wrong = count(MigrationState::Changed) + count(MigrationState::Unknown);
    Ok(match (wrong, count(MigrationState::Pending)) {
        (0, 0) => Check::ok("migrations", format!("all {} applied", statuses.len())),
        (0, pending) => {
            Check::problem("migrations", format!("{pending} pending"), "shelfops migrate up")
        }
        (wrong, _) => Check::problem(
            "migrations",
            format!("{wrong} do not match this program"),
            "shelfops migrate status says which",
        ),
    })
}

/// What jobs have found; nothing where the schema is older than the place for it.
async fn alerts(context: &Context) -> Result<Vec<Check>, OpError> {
    let operator = context.database().await?.operator().await?;
    let Ok(alerts) = operator.platform_alerts().await else { return Ok(Vec::new()) };
    Ok(alerts
        .into_iter()
        // Those are looked at anew.
        .filter(|alert| alert.kind != SILENT_POLICIES)
        .map(|alert| Check::warning("alert", alert.message, "its job looks again by its schedule"))
        .collect())
}

/// Whether time series are kept by what should keep them; nothing where the schema is older than that.
async fn time_series(context: &Context) -> Option<Check> {
    let found = troubles(context).await.ok()?;
    if found.is_empty() {
        return Some(Check::ok("time series", "no policy is late, failed or without room ahead"));
    }
    let says: Vec<String> = found.into_iter().map(|trouble| trouble.says).collect();
    Some(Check::warning(
        "time series",
        says.join("; "),
        "a worker has to run: `shelfops worker`; `shelfops timeseries plan` shows every policy",
    ))
}

/// Copies of the database that killed rehearsals left; nothing where this login may not look for them.
async fn leftovers(context: &Context) -> Option<Check> {
    let left = rehearsals::leftovers(context).await.ok().filter(|left| !left.is_empty())?;
    Some(Check::warning(
        "rehearsals",
        format!("killed ones left copies of the database: {}", left.join(", ")),
        "shelfops migrate rehearse --clean; the next upkeep does it as well",
    ))
}

fn isolation(health: &Health) -> [Check; 3] {
    let login = health.tenant_login.clone().unwrap_or_default();
    let login_check = if health.tenant_login_is_privileged {
        Check::warning(
            "tenant login",
            format!("{login} steps down to shelfops_app for each transaction"),
            "set SHELFOPS_APP_DATABASE_URL to a login that is shelfops_app itself, so that nothing \
             can step back up",
        )
    } else {
        Check::ok("tenant login", format!("{login} can never leave its role"))
    };
    let tables = match health.unprotected_tables.as_slice() {
        [] => Check::ok("row security", "forced on every tenant's table"),
        open => Check::problem(
            "row security",
            format!("not forced on {}", open.join(", ")),
            "select shelfops.protect_tenant_table('…')",
        ),
    };
    let partitions = match health.reachable_partitions.as_slice() {
        [] => Check::ok("partitions", "none can be named by the application role"),
        open => Check::problem(
            "partitions",
            format!("{} can be named by the application role", open.join(", ")),
            "revoke all on them from shelfops_app",
        ),
    };
    [login_check, tables, partitions]
}
