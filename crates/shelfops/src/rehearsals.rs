//! What rehearsals of this product's migrations are made of: how it runs them, and how it is copied.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use shelfops_advisor::rehearsal::copy::{self, Choice, CopyError, Method, Sample, SampleSchema};
use shelfops_advisor::rehearsal::run::{Migration, Script, Workload};
use shelfops_advisor::rehearsal::{Address, Programs};
use shelfops_db::{Direction, Engine, Migrator, RunnerScript, Target};
use shelfops_embedded_postgres::Installation;

use crate::ops::migrate_rehearse::{Input, Kind};
use crate::ops::{Context, OpError};

/// The column that says whose a row is.
const TENANT_COLUMN: &str = "customer_id";

/// Returns one of the program's own migrations.
pub(crate) fn embedded(migration: &shelfops_db::Migration) -> Migration {
    Migration {
        name: migration.file.to_owned(),
        up: script(RunnerScript::of(migration, Direction::Up)),
        down: Some(script(RunnerScript::of(migration, Direction::Down))),
    }
}

fn script(known: RunnerScript) -> Script {
    Script {
        text: known.text,
        is_wrapped: known.is_wrapped,
        before: known.before,
        after: known.after,
    }
}

/// Reads migrations: pairs as our runner runs them, other files statement by statement.
pub(crate) fn from_files(paths: &[PathBuf]) -> Result<Vec<Migration>, OpError> {
    let mut migrations = Vec::new();
    for path in paths {
        let shown = path.display().to_string();
        let Some(stem) = shown.strip_suffix(".up.sql") else {
            let is_half = shown.strip_suffix(".down.sql").is_some_and(|stem| {
                paths.iter().any(|other| other.display().to_string() == format!("{stem}.up.sql"))
            });
            if !is_half {
                let up = Script::plain(text(path)?);
                migrations.push(Migration { name: shown, up, down: None });
            }
            continue;
        };
        let other = PathBuf::from(format!("{stem}.down.sql"));
        let half = |path: &Path| text(path).map(|text| script(RunnerScript::of_text(text)));
        let down = if other.exists() { Some(half(&other)?) } else { None };
        migrations.push(Migration { name: stem.to_owned(), up: half(path)?, down });
    }
    Ok(migrations)
}

/// Reads what others do meanwhile; without a file it is derived.
pub(crate) fn workload(path: Option<&Path>) -> Result<Workload, OpError> {
    let Some(path) = path else { return Ok(Workload::default()) };
    let statements = Workload::parse(&text(path)?);
    if statements.statements.is_empty() {
        return Err(OpError::usage(format!("there is no statement in {}", path.display())));
    }
    Ok(statements)
}

fn text(path: &Path) -> Result<String, OpError> {
    std::fs::read_to_string(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            OpError::not_found(format!("there is no {}", path.display()))
        }
        _ => OpError::usage(format!("cannot read {}: {error}", path.display())),
    })
}

/// Returns PostgreSQL's programs.
pub(crate) fn programs() -> Result<Programs, OpError> {
    let installation = Installation::find().map_err(|error| OpError::failed(error.to_string()))?;
    Ok(Programs::new(installation.binary_directory()))
}

/// Returns how the database is copied.
pub(crate) async fn method(context: &Context, input: &Input) -> Result<Method, OpError> {
    let has_choice = !input.tenant.is_empty() || input.percent.is_some();
    let kind = match (input.copy, has_choice) {
        (Some(kind), false) => kind,
        (None | Some(Kind::Sample), true) => Kind::Sample,
        (Some(_), true) => {
            return Err(OpError::usage("--tenant and --percent choose rows: that is a sample"));
        }
        (None, false) => Kind::Dump,
    };
    if input.disconnect && kind != Kind::Clone {
        return Err(OpError::usage("--disconnect is for --copy clone: nothing else is in the way"));
    }
    Ok(match (kind, &input.from) {
        (Kind::Dump, Some(path)) => Method::File(path.clone()),
        (_, Some(_)) => {
            return Err(OpError::usage("--from restores a dump: that is no other copy"));
        }
        (Kind::Clone, None) => Method::Clone { may_disconnect: input.disconnect },
        (Kind::Dump, None) => Method::Dump,
        (Kind::Sample, None) => Method::Sample(sample(context, input).await?),
    })
}

async fn sample(context: &Context, input: &Input) -> Result<Sample, OpError> {
    let database = context.database().await?;
    let choice = match (input.percent, input.tenant.as_slice()) {
        (Some(percent), _) => Choice::Percent(percent),
        (None, []) => {
            return Err(OpError::usage("say of what: --tenant TENANT, or --percent PERCENT"));
        }
        (None, slugs) => {
            let mut values = Vec::new();
            for slug in slugs {
                values.push(database.find_tenant(slug).await?.customer_id.as_uuid().to_string());
            }
            Choice::Values { column: TENANT_COLUMN.to_owned(), values }
        }
    };
    // A database that has none of our schema has no engine either, and is sampled all the same.
    let engine = match database.operator().await {
        Ok(operator) => operator.timeseries_engine().await.ok(),
        Err(_) => None,
    };
    let schema = match engine {
        // Continuous aggregates and compression are no part of a dump of the schema.
        Some(Engine::Timescale) => prepared(context).await?,
        Some(_) | None => SampleSchema::Dumped,
    };
    Ok(Sample { choice, schema })
}

/// A schema by the migrations that the database has.
async fn prepared(context: &Context) -> Result<SampleSchema, OpError> {
    let database = context.database().await?;
    let migrator = Migrator::new(database, context.config().timeseries_engine);
    let mut applied = migrator.applied(Target::All).await?;
    applied.reverse();
    let applied = Arc::new(applied);
    Ok(SampleSchema::Prepared(Arc::new(move |url| {
        let applied = applied.clone();
        Box::pin(async move {
            shelfops_db::build_schema(&url, &applied, Engine::Timescale).await.map_err(Into::into)
        })
    })))
}

/// Drops the copies that killed rehearsals left on the server, and returns their names.
///
/// # Errors
/// Says why they could not be looked for, or not be dropped.
pub(crate) async fn clean(context: &Context) -> Result<Vec<String>, OpError> {
    Ok(copy::clean(&server(context).await?).await?)
}

/// Returns the names of the copies that killed rehearsals left on the server.
///
/// # Errors
/// Says why they could not be looked for.
pub(crate) async fn leftovers(context: &Context) -> Result<Vec<String>, OpError> {
    Ok(copy::leftovers(&server(context).await?).await?)
}

async fn server(context: &Context) -> Result<Address, OpError> {
    Ok(Address::parse(context.open_database().owner_url().await?).map_err(CopyError::from)?)
}
