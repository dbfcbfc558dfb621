//! Which simulator to run: merchants, applications, clock, limits, faults.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::SquareError;
use super::faults::FaultPlan;
use super::moment::Moment;
use super::throttle::ThrottleConfig;
use super::world::events::EVENT_TYPES;
use super::world::merchant_config::MerchantConfig;

/// The newest version of the API that is known here.
pub const NEWEST_VERSION: &str = "2026-09-16";

/// Everything that a simulator follows from: the same configuration and the same requests give the
/// same answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SquareConfig {
    /// What every draw follows from.
    pub seed: u64,
    /// Where to listen; port 0 takes a free one.
    pub address: SocketAddr,
    /// Which of the vendor's environments to be: the sandbox allows plain HTTP for redirects.
    pub environment: Environment,
    /// The simulated time at the start.
    pub start: Moment,
    /// Simulated seconds in a second; nought lets the clock stand until it is moved.
    pub speed: f64,
    /// The merchants; at most 64.
    pub merchants: Vec<MerchantConfig>,
    /// The applications that developers registered.
    pub applications: Vec<ApplicationConfig>,
    /// Where webhooks go.
    pub subscriptions: Vec<SubscriptionConfig>,
    /// The merchant that consents to every authorization by itself; without one a person clicks.
    pub auto_approve: Option<String>,
    /// How many requests are let through.
    pub throttle: Option<ThrottleConfig>,
    /// What goes wrong.
    pub faults: FaultPlan,
    /// How long a cursor of a listing lives, in simulated seconds.
    pub cursor_seconds: u32,
    /// How long after its creation a refund is not listed yet, in simulated seconds.
    pub refund_lag_seconds: u32,
    /// How long after goods came back the order that took them is not found yet, in simulated seconds:
    /// longer than the other, a refund is listed before its return.
    pub return_lag_seconds: u32,
    /// How long a receiver of webhooks may take to answer, in real milliseconds.
    pub webhook_timeout_milliseconds: u64,
    /// How many webhooks are sent at the same time.
    pub webhook_concurrency: u8,
}

/// The vendor's environments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Environment {
    /// For sellers.
    Production,
    /// For developers.
    Sandbox,
}

/// An application that a developer registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApplicationConfig {
    /// Its id.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// Its name, as merchants see it when they consent.
    pub name: String,
    /// Where merchants may be sent after consent; compared exactly.
    pub redirect_urls: Vec<String>,
    /// The developer's own token, for subscriptions and events.
    pub personal_access_token: String,
    /// The version of the API for requests that name none.
    pub default_version: String,
}

/// A subscription to webhooks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubscriptionConfig {
    /// The application, by its id.
    pub client_id: String,
    /// Where to send: plain HTTP, since a simulator's receiver is on the same machine.
    pub notification_url: String,
    /// What signatures are made with.
    pub signature_key: String,
    /// Which events; none means all.
    pub event_types: Vec<String>,
}

impl Default for ApplicationConfig {
    fn default() -> Self {
        Self {
            client_id: "sandbox-sq0idb-shelf".to_owned(),
            client_secret: "sandbox-sq0csb-secret".to_owned(),
            name: "Shelf reader".to_owned(),
            redirect_urls: vec!["http://localhost/callback".to_owned()],
            personal_access_token: "EAAAEpersonal".to_owned(),
            default_version: NEWEST_VERSION.to_owned(),
        }
    }
}

impl Default for SquareConfig {
    fn default() -> Self {
        Self {
            seed: 1,
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            environment: Environment::Sandbox,
            start: Moment::from_millis(1_780_315_200_000),
            speed: 0.0,
            merchants: vec![MerchantConfig::default()],
            applications: vec![ApplicationConfig::default()],
            subscriptions: Vec::new(),
            auto_approve: None,
            throttle: Some(ThrottleConfig::default()),
            faults: FaultPlan::default(),
            cursor_seconds: 300,
            refund_lag_seconds: 3,
            return_lag_seconds: 0,
            webhook_timeout_milliseconds: 10_000,
            webhook_concurrency: 8,
        }
    }
}

impl SquareConfig {
    /// Refuses what cannot be simulated.
    pub(crate) fn check(&self) -> Result<(), SquareError> {
        let refuse =
            |field, problem: &str| Err(SquareError::Config { field, problem: problem.to_owned() });
        let mut ids: Vec<&str> = self.merchants.iter().map(|each| each.id.as_str()).collect();
        ids.sort_unstable();
        if ids.is_empty() || ids.len() > 64 || ids.windows(2).any(|pair| pair[0] == pair[1]) {
            return refuse("merchants", "must be 1 to 64, each with an id of its own");
        }
        if self.applications.is_empty() || self.applications.len() > 64 {
            return refuse("applications", "must be 1 to 64");
        }
        if !(0.0..=1_000_000.0).contains(&self.speed) {
            return refuse("speed", "must be 0 to 1000000");
        }
        if self.auto_approve.as_deref().is_some_and(|id| !ids.contains(&id)) {
            return refuse("auto_approve", "must be the id of a merchant");
        }
        if self.webhook_concurrency == 0 {
            return refuse("webhook_concurrency", "must be at least 1");
        }
        for subscription in &self.subscriptions {
            if !self.applications.iter().any(|each| each.client_id == subscription.client_id) {
                return refuse("subscriptions.client_id", "must be that of an application");
            }
            let is_known = |name: &String| EVENT_TYPES.contains(&name.as_str());
            if !subscription.event_types.iter().all(is_known) {
                return refuse("subscriptions.event_types", "must be types of events");
            }
        }
        self.faults.check()
    }

    /// Returns how long a receiver of webhooks may take.
    pub(crate) const fn webhook_timeout(&self) -> Duration {
        Duration::from_millis(self.webhook_timeout_milliseconds)
    }
}
