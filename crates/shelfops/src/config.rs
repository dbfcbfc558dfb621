//! Settings: a flag, else the environment, else `shelfops.toml`, else the default. The database is also
//! found by PostgreSQL's own variables, where none of these names it and `PGHOST` is set.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use shelfops_db::Engine;

use crate::ops::OpError;
use crate::plan::Environment;
use crate::sync::{ApplicationFile, Applications, KeySettings};

/// Where tenants and vendors find us when nothing else is said.
const PUBLIC_URL: &str = "http://127.0.0.1:8080";

/// What the directory of our state is called where nothing else is said.
const STATE_DIRECTORY: &str = ".shelfops";

/// The settings of one call.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// An existing server's database, for its owner; without one, the embedded server is used.
    pub(crate) database_url: Option<String>,
    /// The same database, for tenants' work: a login as `shelfops_app`.
    pub(crate) app_database_url: Option<String>,
    /// The time-series engine of a new database; without one, the best that the server has.
    pub(crate) timeseries_engine: Option<Engine>,
    /// Where the embedded server and everything else that is ours lives.
    pub(crate) state_directory: PathBuf,
    /// What the database is for: it decides whom a change of the schema asks.
    pub(crate) environment: Environment,
    /// A file with the keys for secrets.
    pub(crate) secret_key_file: Option<PathBuf>,
    /// Our applications at the vendors.
    pub(crate) applications: Applications,
    /// Whether keys for secrets may be made beside the state: only a server of our own has its keys made
    /// for it, since several machines may need those of another.
    pub(crate) makes_secret_keys: bool,
}

/// What `shelfops.toml` may say.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ConfigFile {
    database_url: Option<String>,
    app_database_url: Option<String>,
    timeseries_engine: Option<String>,
    environment: Option<String>,
    state_directory: Option<PathBuf>,
    secret_key_file: Option<PathBuf>,
    public_url: Option<String>,
    #[serde(default)]
    connectors: BTreeMap<String, ApplicationFile>,
}

/// What the command line and the environment say.
#[derive(Clone, Debug, Default)]
pub(crate) struct Overrides {
    pub(crate) database_url: Option<String>,
    pub(crate) app_database_url: Option<String>,
    pub(crate) timeseries_engine: Option<String>,
    pub(crate) environment: Option<String>,
    pub(crate) state_directory: Option<PathBuf>,
}

impl Overrides {
    /// Takes a variable that is set to nothing for one that is not set.
    fn without_empty(self) -> Self {
        let told = |value: Option<String>| value.filter(|value| !value.is_empty());
        Self {
            database_url: told(self.database_url),
            app_database_url: told(self.app_database_url),
            timeseries_engine: told(self.timeseries_engine),
            environment: told(self.environment),
            state_directory: self.state_directory.filter(|path| !path.as_os_str().is_empty()),
        }
    }
}

impl Config {
    /// Puts the settings together.
    pub(crate) fn load(overrides: Overrides) -> Result<Self, OpError> {
        let overrides = overrides.without_empty();
        let directory = std::env::current_dir().unwrap_or_default();
        let path = directory.ancestors().map(|up| up.join("shelfops.toml")).find(|p| p.is_file());
        let file = path.as_deref().map(read).transpose()?.unwrap_or_default();
        // What a file names lies where the file does, whatever directory is worked in.
        let beside = path.as_deref().and_then(Path::parent).unwrap_or(Path::new(""));
        let engine = overrides.timeseries_engine.or(file.timeseries_engine);
        let timeseries_engine = engine
            .map(|name| name.parse::<Engine>())
            .transpose()
            .map_err(|error| OpError::usage(error.to_string()))?;
        let database_url = overrides
            .database_url
            .or(file.database_url)
            .or_else(|| postgres_environment(|name| std::env::var(name).ok()));
        let meant_for = match overrides.environment.or(file.environment) {
            Some(name) => name.parse().map_err(OpError::usage)?,
            // Only a server of our own is surely somebody's own.
            None if database_url.is_none() => Environment::Development,
            None => Environment::Production,
        };
        Ok(Self {
            environment: meant_for,
            makes_secret_keys: database_url.is_none(),
            database_url,
            app_database_url: overrides.app_database_url.or(file.app_database_url),
            timeseries_engine,
            state_directory: overrides
                .state_directory
                .or_else(|| file.state_directory.map(|named| beside.join(named)))
                .or_else(|| existing_state(&directory))
                .unwrap_or_else(|| beside.join(STATE_DIRECTORY)),
            secret_key_file: environment("SHELFOPS_SECRET_KEY_FILE")
                .map(PathBuf::from)
                .or_else(|| file.secret_key_file.map(|named| beside.join(named))),
            applications: Applications::new(
                file.connectors,
                environment("SHELFOPS_PUBLIC_URL")
                    .or(file.public_url)
                    .as_deref()
                    .unwrap_or(PUBLIC_URL),
            ),
        })
    }

    /// Returns where the keys for secrets are.
    pub(crate) fn secret_keys(&self) -> KeySettings {
        KeySettings {
            given: environment("SHELFOPS_SECRET_KEY").map(Into::into),
            file: self.secret_key_file.clone(),
            own_directory: self.makes_secret_keys.then(|| self.state_directory.clone()),
        }
    }
}

/// Finds the state that was begun here or in a directory above, so that who changes into a directory of
/// files does not begin another one there. A directory that everybody may write to is passed by: what lies
/// there may be a stranger's.
fn existing_state(directory: &Path) -> Option<PathBuf> {
    let is_everybodys = |up: &Path| {
        std::fs::metadata(up).is_ok_and(|metadata| metadata.permissions().mode() & 0o002 != 0)
    };
    directory
        .ancestors()
        .enumerate()
        .filter(|(height, up)| *height == 0 || !is_everybodys(up))
        .map(|(_, up)| up.join(STATE_DIRECTORY))
        .find(|state| state.is_dir())
}

fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn read(path: &Path) -> Result<ConfigFile, OpError> {
    let shown = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| OpError::usage(format!("cannot read {shown}: {error}")))?;
    toml::from_str(&text).map_err(|error| OpError::usage(format!("{shown} is not right: {error}")))
}

/// Returns the database that PostgreSQL's own variables name. `PGHOST` alone decides: the others are
/// often set for other ends, and the embedded server must not be given up for them.
fn postgres_environment(variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    const VARIABLES: [(&str, &str); 7] = [
        ("PGHOST", "host"),
        ("PGPORT", "port"),
        ("PGUSER", "user"),
        ("PGPASSWORD", "password"),
        ("PGDATABASE", "dbname"),
        ("PGSSLMODE", "sslmode"),
        ("PGSSLROOTCERT", "sslrootcert"),
    ];
    let told = |name: &str| variable(name).filter(|value| !value.is_empty());
    told("PGHOST")?;
    let settings = VARIABLES.into_iter().filter_map(|(name, key)| {
        let value = told(name)?.replace('\\', "\\\\").replace('\'', "\\'");
        Some(format!("{key}='{value}'"))
    });
    Some(settings.collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};

    use super::*;

    #[test]
    fn state_is_found_above_unless_everybody_may_put_some_there() {
        let root = tempfile::tempdir().unwrap();
        let below = root.path().join("one/two");
        fs::create_dir_all(&below).unwrap();
        assert_eq!(existing_state(&below), None);
        let state = root.path().join(".shelfops");
        fs::create_dir(&state).unwrap();
        assert_eq!(existing_state(&below), Some(state.clone()));
        fs::set_permissions(root.path(), Permissions::from_mode(0o777)).unwrap();
        assert_eq!(existing_state(&below), None);
        assert_eq!(existing_state(root.path()), Some(state));
    }

    #[test]
    fn the_variables_of_postgresql_name_a_database_where_the_host_is_told() {
        let environment = |told: &'static [(&str, &str)]| {
            postgres_environment(move |name| {
                let found = told.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(environment(&[]), None);
        assert_eq!(environment(&[("PGUSER", "me"), ("PGDATABASE", "db")]), None);
        assert_eq!(environment(&[("PGHOST", ""), ("PGPORT", "5433")]), None);
        assert_eq!(
            environment(&[("PGHOST", "/run/it's"), ("PGPORT", "5433"), ("PGPASSWORD", "a\\ b")])
                .unwrap(),
            r"host='/run/it\'s' port='5433' password='a\\ b'"
        );
    }

    #[test]
    fn a_key_that_nobody_knows_is_refused_with_those_that_are() {
        let error = toml::from_str::<ConfigFile>("databse_url = 'x'").unwrap_err().to_string();
        assert!(error.contains("databse_url") && error.contains("database_url"), "{error}");
    }
}
