//! Where a database is: for our connections, and for PostgreSQL's own programs.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Client, Config};

use crate::options::{Taken, TlsMode, take};
use crate::{AddressError, Tls, limits, trust};

/// Where a database is.
#[derive(Clone)]
pub struct Address {
    text: String,
    config: Config,
    tls: Tls,
    mode: Option<TlsMode>,
    roots: Option<PathBuf>,
}

impl fmt::Debug for Address {
    // The text may have a password in it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Address").field(&self.database()).finish()
    }
}

impl Address {
    /// Reads an address: a URL, or words such as `host=… dbname=…`.
    ///
    /// `sslmode` is `disable`, `prefer` (the default), `require`, `verify-ca` or `verify-full`;
    /// `sslrootcert` names a file of certificates to trust instead of the system's. A socket in a
    /// directory needs no TLS, and gets none.
    ///
    /// # Errors
    /// Refuses what is neither, a mode that is not known, and certificates that cannot be read.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let Taken { rest, mode, roots } = take(text)?;
        let mut config =
            Config::from_str(&rest).map_err(|error| AddressError::Unreadable(reason(&error)))?;
        limits::set(&mut config);
        let is_remote = !config.get_hostaddrs().is_empty()
            || config.get_hosts().iter().any(|host| matches!(host, Host::Tcp(_)));
        let used = if is_remote { mode.unwrap_or(TlsMode::Prefer) } else { TlsMode::Disable };
        config.ssl_mode(match used {
            TlsMode::Disable => SslMode::Disable,
            TlsMode::Prefer => SslMode::Prefer,
            TlsMode::Require | TlsMode::VerifyCa | TlsMode::VerifyFull => SslMode::Require,
        });
        let tls = trust::tls(used, roots.as_deref())?;
        Ok(Self { text: text.to_owned(), config, tls, mode, roots })
    }

    /// Returns what the client library connects by.
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Returns what makes TLS of its connections.
    pub fn tls(&self) -> Tls {
        self.tls.clone()
    }

    /// Returns the address as it was written.
    pub fn url(&self) -> &str {
        &self.text
    }

    /// Returns the database's name.
    pub fn database(&self) -> &str {
        self.config.get_dbname().or_else(|| self.config.get_user()).unwrap_or_default()
    }

    /// Returns the address of another database on the same server. The name is one of ours, or one that
    /// every server has: it needs no quoting.
    #[must_use]
    pub fn with_database(&self, name: &str) -> Self {
        let mut config = self.config.clone();
        config.dbname(name);
        Self { text: renamed(&self.text, name), config, ..self.clone() }
    }

    /// Connects, under a name that others see.
    ///
    /// The connection is driven by a task of the current runtime and ends with the client.
    ///
    /// # Errors
    /// Says what the server or the connection said.
    pub async fn connect(&self, name: &str) -> Result<Client, tokio_postgres::Error> {
        let mut config = self.config.clone();
        let (client, connection) = config.application_name(name).connect(self.tls()).await?;
        tokio::spawn(async move {
            // Whoever uses the client hears of it too.
            let _ = connection.await;
        });
        Ok(client)
    }

    /// Returns the address as PostgreSQL's programs read it: in variables, where no list of processes
    /// shows a password.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let mut variables = vec![("PGDATABASE", self.database().to_owned())];
        let hosts = self.config.get_hosts().iter().map(|host| match host {
            Host::Tcp(name) => name.clone(),
            #[cfg(unix)]
            Host::Unix(directory) => directory.display().to_string(),
        });
        let ports = self.config.get_ports().iter().map(u16::to_string);
        let joined = |parts: &mut dyn Iterator<Item = String>| parts.collect::<Vec<_>>().join(",");
        let texts = [
            ("PGHOST", Some(joined(&mut hosts.into_iter()))),
            ("PGPORT", Some(joined(&mut ports.into_iter()))),
            ("PGUSER", self.config.get_user().map(str::to_owned)),
            (
                "PGPASSWORD",
                self.config.get_password().map(|it| String::from_utf8_lossy(it).into_owned()),
            ),
            ("PGOPTIONS", self.config.get_options().map(str::to_owned)),
            ("PGSSLMODE", self.mode.map(|mode| mode.name().to_owned())),
            ("PGSSLROOTCERT", self.roots.as_ref().map(|path| path.display().to_string())),
        ];
        let given = texts
            .into_iter()
            .filter_map(|(name, text)| Some((name, text.filter(|text| !text.is_empty())?)));
        variables.extend(given);
        variables
    }
}

/// Says what is wrong; the library's own words name the option, and the cause behind them says why.
fn reason(error: &tokio_postgres::Error) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

/// Puts another database's name into an address.
fn renamed(text: &str, name: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        // Of two words with the same key, the later counts.
        return format!("{text} dbname={name}");
    };
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let server = place.split('/').next().unwrap_or_default();
    let kept: Vec<&str> =
        query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("dbname=")).collect();
    let query = if kept.is_empty() { String::new() } else { format!("?{}", kept.join("&")) };
    format!("{scheme}://{server}/{name}{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_database_of_the_same_server_is_named() {
        for (text, expected) in [
            ("postgres://me:secret@host:5433/shop", "postgres://me:secret@host:5433/copy"),
            ("postgres://me@%2Frun%2Fpg/shop?user=x", "postgres://me@%2Frun%2Fpg/copy?user=x"),
            ("postgres://host", "postgres://host/copy"),
            ("postgres:///?host=/run&dbname=shop", "postgres:///copy?host=/run"),
            ("host=/run user=me dbname=shop", "host=/run user=me dbname=shop dbname=copy"),
        ] {
            assert_eq!(renamed(text, "copy"), expected);
            let address = Address::parse(text).unwrap().with_database("copy");
            assert_eq!(address.database(), "copy");
            assert_eq!(Address::parse(address.url()).unwrap().database(), "copy", "{text}");
        }
    }

    #[test]
    fn programs_get_the_password_in_a_variable() {
        let address = Address::parse("postgres://me:it%27s@host:5433/shop").unwrap();
        let variables = address.variables();
        assert!(variables.contains(&("PGPASSWORD", "it's".to_owned())), "{variables:?}");
        assert!(variables.contains(&("PGHOST", "host".to_owned())));
        assert!(variables.contains(&("PGPORT", "5433".to_owned())));
        assert!(!format!("{address:?}").contains("it's"));
    }
}
