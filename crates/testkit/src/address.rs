//! A server's connection URL, of which database and user can be exchanged.

use crate::error::TestkitError;

/// Used where a URL names no database.
const DEFAULT_DATABASE: &str = "postgres";

/// A connection URL in parts, each as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    scheme: String,
    user: Option<String>,
    password: Option<String>,
    hosts: String,
    database: String,
    parameters: Vec<String>,
}

impl Address {
    /// Takes a URL apart.
    pub(crate) fn parse(url: &str) -> Result<Self, TestkitError> {
        let invalid = |reason| TestkitError::InvalidUrl { reason };
        let (scheme, rest) = url.split_once("://").ok_or(invalid("it has no scheme"))?;
        if !["postgresql", "postgres"].contains(&scheme) {
            return Err(invalid("its scheme is not postgresql"));
        }
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        let (credentials, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, password) = match credentials.split_once(':') {
            Some((user, password)) => (user, Some(password.to_owned())),
            None => (credentials, None),
        };
        let parameters = query.split('&').filter(|parameter| !parameter.is_empty());
        let database = if database.is_empty() { DEFAULT_DATABASE } else { database };
        Ok(Self {
            scheme: scheme.to_owned(),
            user: (!user.is_empty()).then(|| user.to_owned()),
            password,
            hosts: hosts.to_owned(),
            database: database.to_owned(),
            parameters: parameters.map(ToOwned::to_owned).collect(),
        })
    }

    /// Returns the URL of the same server's database `name`, which needs no escaping.
    pub(crate) fn with_database(&self, name: &str) -> Self {
        let parameters = self.parameters_without("dbname");
        Self { database: name.to_owned(), parameters, ..self.clone() }
    }

    /// Returns the URL for another user; the password, if there is one, stays.
    pub(crate) fn with_user(&self, name: &str) -> Self {
        let name = escape(name);
        let mut parameters = self.parameters_without("user");
        if parameters.len() < self.parameters.len() {
            parameters.push(format!("user={name}"));
            return Self { parameters, ..self.clone() };
        }
        Self { user: Some(name), ..self.clone() }
    }

    /// Puts the URL together.
    pub(crate) fn url(&self) -> String {
        let credentials = match (&self.user, &self.password) {
            (None, None) => String::new(),
            (user, None) => format!("{}@", user.as_deref().unwrap_or_default()),
            (user, Some(password)) => {
                format!("{}:{password}@", user.as_deref().unwrap_or_default())
            }
        };
        let query = self.parameters.join("&");
        let separator = if query.is_empty() { "" } else { "?" };
        let Self { scheme, hosts, database, .. } = self;
        format!("{scheme}://{credentials}{hosts}/{database}{separator}{query}")
    }

    fn parameters_without(&self, name: &str) -> Vec<String> {
        let is_other =
            |parameter: &&String| parameter.split_once('=').is_none_or(|(found, _)| found != name);
        self.parameters.iter().filter(is_other).cloned().collect()
    }
}

/// Escapes what could end the user's part of a URL.
fn escape(name: &str) -> String {
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let escaped = |byte: u8| {
        if keep(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    name.bytes().map(escaped).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(url: &str) -> Address {
        Address::parse(url).unwrap()
    }

    #[test]
    fn a_url_survives_being_taken_apart() {
        for url in [
            "postgresql://clerk:p%40ss@db.example:5433/shop?sslmode=disable",
            "postgres://db.example/shop",
            "postgresql:///shop?host=/run/postgres&port=5433&user=clerk",
        ] {
            assert_eq!(parsed(url).url(), url);
        }
    }

    #[test]
    fn database_and_user_are_exchanged_wherever_they_stand() {
        let address = parsed("postgresql://clerk:secret@db:5433/shop?connect_timeout=3");
        assert_eq!(
            address.with_database("till").with_user("o'neil").url(),
            "postgresql://o%27neil:secret@db:5433/till?connect_timeout=3"
        );
        let address = parsed("postgresql:///?host=/run&dbname=shop&user=clerk");
        assert_eq!(
            address.with_database("till").with_user("guest").url(),
            "postgresql:///till?host=/run&user=guest"
        );
        assert_eq!(
            parsed("postgres://db").with_user("guest").url(),
            "postgres://guest@db/postgres"
        );
    }

    #[test]
    fn the_error_never_shows_the_url() {
        let error = Address::parse("host=db password=secret").unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
        Address::parse("mysql://db/shop").unwrap_err();
    }
}
