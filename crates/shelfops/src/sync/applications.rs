//! Our applications at the vendors, one a connector: an environment variable, else `shelfops.toml`.

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde::Deserialize;
use shelfops_integrations::connector::Connector;
use shelfops_integrations::http::RatePolicy;
use shelfops_integrations::oauth::App;

use crate::ops::OpError;

/// The most calls a second that anybody may ask for: beyond it, it is a slip of the pen.
const MOST_CALLS: f64 = 10_000.0;

/// What `shelfops.toml` says of one connector.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApplicationFile {
    client_id: Option<String>,
    client_secret: Option<SecretString>,
    base_url: Option<String>,
    #[serde(default)]
    webhook_keys: Vec<SecretString>,
    webhook_url: Option<String>,
    calls_per_second: Option<f64>,
}

/// Our applications, and where vendors and tenants find us.
#[derive(Clone, Debug)]
pub(crate) struct Applications {
    files: BTreeMap<String, ApplicationFile>,
    public_url: String,
    heeds_environment: bool,
}

impl ApplicationFile {
    /// Describes an application at a vendor that runs on this machine.
    pub(crate) fn simulated(
        (client_id, client_secret): (&str, &str),
        base_url: String,
        webhook_key: &str,
    ) -> Self {
        Self {
            client_id: Some(client_id.to_owned()),
            client_secret: Some(client_secret.into()),
            base_url: Some(base_url),
            webhook_keys: vec![webhook_key.into()],
            webhook_url: None,
            calls_per_second: None,
        }
    }
}

impl Applications {
    /// Takes what the settings file says.
    pub(crate) fn new(files: BTreeMap<String, ApplicationFile>, public_url: &str) -> Self {
        let public_url = public_url.trim_end_matches('/').to_owned();
        Self { files, public_url, heeds_environment: true }
    }

    /// Takes applications that no variable of the environment may change: a demonstration must not call
    /// a real vendor.
    pub(crate) fn only(files: BTreeMap<String, ApplicationFile>, public_url: &str) -> Self {
        Self { heeds_environment: false, ..Self::new(files, public_url) }
    }

    /// Returns our application at a vendor.
    ///
    /// # Errors
    /// Says which setting is missing.
    pub(crate) fn app(&self, connector: &dyn Connector) -> Result<App, OpError> {
        let name = connector.name();
        let client_id = self.text(name, "client_id", |file| file.client_id.clone());
        let client_id = client_id.ok_or_else(|| {
            OpError::usage(format!(
                "our application at {} is not known: set {} (and {} unless it has none), or \
                 connectors.{name} in shelfops.toml",
                connector.title(),
                variable(name, "client_id"),
                variable(name, "client_secret"),
            ))
        })?;
        let secret = self.environment(name, "client_secret").map(SecretString::from);
        let secret = secret.or_else(|| self.files.get(name)?.client_secret.clone());
        Ok(App {
            client_id,
            client_secret: secret,
            redirect_uri: format!("{}/oauth/{name}/callback", self.public_url),
            base_url: self.text(name, "base_url", |file| file.base_url.clone()),
        })
    }

    /// Returns the keys that a vendor signs its webhooks with; several while they are changed.
    pub(crate) fn webhook_keys(&self, name: &str) -> Vec<SecretString> {
        match self.environment(name, "webhook_keys") {
            Some(keys) => keys.split(',').map(|key| key.trim().into()).collect(),
            None => self.files.get(name).map(|file| file.webhook_keys.clone()).unwrap_or_default(),
        }
    }

    /// Returns where a vendor was told to send its webhooks, exactly as it was told.
    pub(crate) fn webhook_url(&self, name: &str) -> String {
        self.text(name, "webhook_url", |file| file.webhook_url.clone())
            .unwrap_or_else(|| format!("{}/webhooks/{name}", self.public_url))
    }

    /// Returns how fast a vendor is called for each integration; where nobody says it, that is learnt.
    ///
    /// # Errors
    /// Refuses what is no rate.
    pub(crate) fn rate(&self, name: &str) -> Result<RatePolicy, OpError> {
        let learnt = RatePolicy::default();
        let told = self.text(name, "calls_per_second", |file| {
            file.calls_per_second.map(|calls| calls.to_string())
        });
        let Some(told) = told else { return Ok(learnt) };
        match told.parse::<f64>() {
            // A vendor that complains all the same is asked less.
            Ok(calls) if (learnt.least..=MOST_CALLS).contains(&calls) => {
                Ok(RatePolicy { first: calls, most: calls, ..learnt })
            }
            _ => Err(OpError::usage(format!(
                "{} is '{told}', and must be a number from {} to {MOST_CALLS}",
                variable(name, "calls_per_second"),
                learnt.least,
            ))),
        }
    }

    fn text(
        &self,
        name: &str,
        key: &str,
        of: impl Fn(&ApplicationFile) -> Option<String>,
    ) -> Option<String> {
        self.environment(name, key).or_else(|| of(self.files.get(name)?))
    }

    fn environment(&self, name: &str, key: &str) -> Option<String> {
        environment(name, key).filter(|_| self.heeds_environment)
    }
}

fn variable(name: &str, key: &str) -> String {
    format!("SHELFOPS_{}_{}", name.to_uppercase(), key.to_uppercase())
}

fn environment(name: &str, key: &str) -> Option<String> {
    std::env::var(variable(name, key)).ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use shelfops_integrations::connector::CONNECTORS;

    use super::*;

    #[test]
    fn an_application_is_read_from_the_file_and_none_of_its_secrets_is_shown() {
        let connector = CONNECTORS[0];
        let file: ApplicationFile = toml::from_str(
            "client_id = 'id'\nclient_secret = 'swordfish'\nwebhook_keys = ['tuna']",
        )
        .unwrap();
        let files = BTreeMap::from([(connector.name().to_owned(), file)]);
        let known = Applications::new(files, "https://shelf.example/");
        let app = known.app(connector).unwrap();
        let callback = format!("https://shelf.example/oauth/{}/callback", connector.name());
        assert_eq!((&*app.client_id, &*app.redirect_uri), ("id", &*callback));
        assert_eq!(known.webhook_keys(connector.name()).len(), 1);
        let shown = format!("{known:?} {app:?}");
        assert!(!shown.contains("swordfish") && !shown.contains("tuna"), "{shown}");
        let none = Applications::new(BTreeMap::new(), "http://127.0.0.1");
        let error = none.app(connector).unwrap_err().to_string();
        assert!(error.contains("_CLIENT_ID"), "{error}");
    }

    #[test]
    fn a_rate_is_learnt_unless_somebody_knows_it() {
        let name = CONNECTORS[0].name();
        let rate = |text: &str| {
            let file: ApplicationFile = toml::from_str(text).unwrap();
            Applications::new(BTreeMap::from([(name.to_owned(), file)]), "http://x").rate(name)
        };
        let learnt = rate("").unwrap();
        assert!(learnt.first < learnt.most);
        let known = rate("calls_per_second = 2.5").unwrap();
        assert!((known.first - 2.5).abs() < 1e-9 && (known.most - 2.5).abs() < 1e-9, "{known:?}");
        assert!(known.least < known.first, "a vendor that complains is asked less");
        for wrong in ["0", "-1.0", "1000000", "nan"] {
            let told = rate(&format!("calls_per_second = {wrong}")).unwrap_err().to_string();
            assert!(told.contains("_CALLS_PER_SECOND"), "{told}");
        }
    }
}
