//! The time-series engines a test can run on, and the servers that have them.

use std::fmt;
use std::sync::Once;

use tokio::sync::OnceCell;
use tokio_postgres::Client;

use crate::connection::connect;
use crate::database_name::TemplateName;
use crate::error::TestkitError;
use crate::server::{TestServer, apache_server, server};
use crate::template;

/// What TimescaleDB says when the server has not loaded it at its start.
const NOT_PRELOADED: &str = "must be preloaded";

/// The variable that names engines, separated by commas, without which a run fails instead of
/// skipping their tests.
pub(crate) const REQUIRED_ENGINES: &str = "TEST_REQUIRED_ENGINES";

static LICENSE: OnceCell<License> = OnceCell::const_new();
static SAY_WHAT_IS_SKIPPED: Once = Once::new();

/// Where time series can live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Engine {
    /// Plain PostgreSQL.
    Native,
    /// TimescaleDB with what its Apache licence covers: hypertables, but no compression.
    TimescaleApache,
    /// TimescaleDB with its community licence.
    Timescale,
}

impl Engine {
    /// Returns the engine's name: `native`, `timescale-apache` or `timescale`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::TimescaleApache => "timescale-apache",
            Self::Timescale => "timescale",
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// What TimescaleDB on the run's server may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum License {
    /// There is no TimescaleDB.
    Missing,
    Apache,
    Community,
}

/// Returns the engines that tests of this run can use; [`server_for`] returns the server of each.
///
/// When that leaves out [`Engine::Timescale`], a line on standard error says so, once a process.
/// When it leaves out one that `TEST_REQUIRED_ENGINES` names, every test that asks fails.
pub async fn engines() -> Result<Vec<Engine>, TestkitError> {
    let license = license().await?;
    if license != License::Community {
        SAY_WHAT_IS_SKIPPED.call_once(|| eprintln!("{}", skipped(license)));
    }
    let all = [Engine::Native, Engine::TimescaleApache, Engine::Timescale];
    let mut found = Vec::new();
    for engine in all {
        if place_of(engine, license, server().await?.is_embedded()).is_ok() {
            found.push(engine);
        }
    }
    require(&std::env::var(REQUIRED_ENGINES).unwrap_or_default(), &found)?;
    Ok(found)
}

/// Fails when an engine is not among those found.
fn require(named: &str, found: &[Engine]) -> Result<(), TestkitError> {
    let mut names = named.split(',').map(str::trim).filter(|name| !name.is_empty());
    match names.find(|name| found.iter().all(|engine| engine.name() != *name)) {
        None => Ok(()),
        Some(missing) => Err(TestkitError::EngineRequired {
            engine: missing.to_owned(),
            found: found.iter().map(|engine| engine.name()).collect::<Vec<_>>().join(", "),
        }),
    }
}

/// Returns a server whose new databases can run `engine`.
///
/// A community TimescaleDB obeys a server setting that turns it into the Apache edition, so that
/// engine gets a second private server.
pub async fn server_for(engine: Engine) -> Result<&'static TestServer, TestkitError> {
    let main = server().await?;
    match place_of(engine, license().await?, main.is_embedded()) {
        Ok(Place::Main) => Ok(main),
        Ok(Place::ApacheServer) => apache_server().await,
        Err(reason) => Err(TestkitError::EngineUnavailable { engine, reason }),
    }
}

/// Which server runs an engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Main,
    ApacheServer,
}

fn place_of(engine: Engine, license: License, is_embedded: bool) -> Result<Place, &'static str> {
    match (engine, license) {
        (Engine::Native, _)
        | (Engine::TimescaleApache, License::Apache)
        | (Engine::Timescale, License::Community) => Ok(Place::Main),
        (_, License::Missing) => Err("install TimescaleDB for its version of PostgreSQL"),
        (Engine::Timescale, License::Apache) => Err("its timescaledb.license is not 'timescale'"),
        (Engine::TimescaleApache, License::Community) if is_embedded => Ok(Place::ApacheServer),
        (Engine::TimescaleApache, License::Community) => {
            Err("its timescaledb.license is not 'apache', and TEST_DATABASE_URL names no other")
        }
    }
}

fn skipped(license: License) -> String {
    let reason = match license {
        License::Missing => "TimescaleDB is not installed, so its timescaledb.license",
        License::Apache | License::Community => "timescaledb.license",
    };
    format!("tests of the community engine were skipped: {reason} is not 'timescale'")
}

/// Returns the licence of TimescaleDB on the run's server, found out once for all processes.
async fn license() -> Result<License, TestkitError> {
    LICENSE.get_or_try_init(async || probe(server().await?).await).await.copied()
}

/// Creates the extension in a template, once, and remembers the answer as the template's comment.
async fn probe(server: &'static TestServer) -> Result<License, TestkitError> {
    let Some(version) = server.timescaledb_version() else { return Ok(License::Missing) };
    let client = server.connect().await?;
    let refused = || TestkitError::statement("ask for the licence of TimescaleDB");
    // The configured value: where the licence itself is known only with the extension in place.
    let configured = "select coalesce(current_setting('timescaledb.license', true), '')";
    let configured: String = client.query_one(configured, &[]).await.map_err(refused())?.get(0);
    let template = TemplateName::new("license", &format!("{version}\n{configured}"))?;
    template::ensure(server, &template, async |url| remember_license(&url).await).await?;
    let remembered = "select coalesce(shobj_description(oid, 'pg_database'), '') \
                      from pg_database where datname = $1";
    let row = client.query_one(remembered, &[&template.complete()]).await.map_err(refused())?;
    Ok(match row.get(0) {
        "timescale" => License::Community,
        "apache" => License::Apache,
        _ => License::Missing,
    })
}

async fn remember_license(url: &str) -> Result<(), TestkitError> {
    let client = connect(url).await?;
    match client.batch_execute("create extension timescaledb").await {
        // The server has ended this session; a template without a comment says the rest.
        Err(error) if says(&error, NOT_PRELOADED) => return Ok(()),
        outcome => outcome.map_err(TestkitError::statement("create the extension timescaledb"))?,
    }
    write_comment(&client).await.map_err(TestkitError::statement("remember the licence"))
}

async fn write_comment(client: &Client) -> Result<(), tokio_postgres::Error> {
    client
        .batch_execute(
            "do $$ begin execute format('comment on database %I is %L', current_database(), \
             current_setting('timescaledb.license')); end $$",
        )
        .await
}

fn says(error: &tokio_postgres::Error, text: &str) -> bool {
    error.as_db_error().is_some_and(|error| error.message().contains(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_postgres_runs_only_the_native_engine() {
        assert_eq!(place_of(Engine::Native, License::Missing, true), Ok(Place::Main));
        place_of(Engine::TimescaleApache, License::Missing, true).unwrap_err();
        place_of(Engine::Timescale, License::Missing, true).unwrap_err();
    }

    #[test]
    fn the_apache_edition_needs_no_second_server() {
        assert_eq!(place_of(Engine::TimescaleApache, License::Apache, true), Ok(Place::Main));
        place_of(Engine::Timescale, License::Apache, true).unwrap_err();
    }

    #[test]
    fn the_community_edition_plays_apache_on_a_second_server_of_our_own() {
        let place =
            |is_embedded| place_of(Engine::TimescaleApache, License::Community, is_embedded);
        assert_eq!(place(true), Ok(Place::ApacheServer));
        place(false).unwrap_err();
        assert_eq!(place_of(Engine::Timescale, License::Community, false), Ok(Place::Main));
    }

    #[test]
    fn what_is_skipped_is_said_with_its_reason() {
        let text = skipped(License::Apache);
        assert!(text.contains("skipped: timescaledb.license is not 'timescale'"), "{text}");
    }

    #[test]
    fn an_engine_that_is_required_and_missing_is_a_failure() {
        let found = [Engine::Native, Engine::TimescaleApache];
        require("", &found).unwrap();
        require("native, timescale-apache", &found).unwrap();
        for named in ["native,timescale", "timescale-apach"] {
            let said = require(named, &found).unwrap_err().to_string();
            assert!(said.contains(named.rsplit(',').next().unwrap()), "{said}");
            assert!(said.contains("native, timescale-apache"), "{said}");
        }
    }
}
