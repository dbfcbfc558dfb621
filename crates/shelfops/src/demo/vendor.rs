//! The simulated vendor of the demonstration, and its merchant, who agrees to everything.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use axum::body::Body;
use hyper::client::conn::http1;
use hyper::header::{HOST, LOCATION};
use hyper::{Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use shelfops_simulators::square::{
    MerchantConfig, Moment, Rush, Simulator, SimulatorHandle, SquareConfig, SubscriptionConfig,
};
use tokio::net::TcpStream;

use crate::ops::OpError;
use crate::sync::{ApplicationFile, Applications};

/// How long the merchant has traded when the first demonstration begins.
const HISTORY_HOURS: i64 = 90 * 24;

/// What the merchant sells in an hour while somebody watches, at whatever hour that is.
const RUSH_PER_HOUR: u32 = 1_200;

/// What the vendor signs its notifications with.
const WEBHOOK_KEY: &str = "demonstration-signature-key";

/// The vendor.
pub(super) struct Vendor {
    simulator: SimulatorHandle,
    /// The connector that speaks to it.
    pub(super) connector: &'static str,
    /// What the merchant is called.
    pub(super) merchant: String,
    application: (String, String),
}

/// What a later demonstration needs to go on with the same world.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct World {
    seed: u64,
    orders_per_day: u32,
    trading_since: Timestamp,
    rush_since: Timestamp,
}

impl Vendor {
    /// Starts the vendor, with the world of an earlier demonstration if there was one. It sends its
    /// notifications, and merchants who agreed, to `public_url`.
    ///
    /// # Errors
    /// Fails when the world cannot be kept, or the vendor cannot run.
    pub(super) async fn open(
        state: &Path,
        public_url: &str,
        orders_per_day: u32,
    ) -> Result<Self, OpError> {
        let path = state.join("demo").join("vendor.json");
        let world = World::find_or_found(&path, orders_per_day)?;
        let moment = |time: Timestamp| Moment::from_millis(time.as_millisecond());
        let mut config = SquareConfig {
            seed: world.seed,
            start: moment(Timestamp::now()),
            speed: 1.0,
            ..SquareConfig::default()
        };
        let merchant = MerchantConfig {
            orders_per_day: world.orders_per_day,
            trading_since: Some(moment(world.trading_since)),
            rush: Some(Rush { since: moment(world.rush_since), orders_per_hour: RUSH_PER_HOUR }),
            ..MerchantConfig::default()
        };
        config.auto_approve = Some(merchant.id.clone());
        let name = merchant.business_name.clone();
        config.merchants = vec![merchant];
        let application = config.applications[0].clone();
        let connector = "square";
        config.applications[0].redirect_urls =
            vec![format!("{public_url}/oauth/{connector}/callback")];
        config.subscriptions = vec![SubscriptionConfig {
            client_id: application.client_id.clone(),
            notification_url: format!("{public_url}/webhooks/{connector}"),
            signature_key: WEBHOOK_KEY.to_owned(),
            event_types: Vec::new(),
        }];
        let simulator = Simulator::start(config).await.map_err(|error| {
            OpError::failed(format!("the simulated vendor cannot run: {error}"))
        })?;
        let application = (application.client_id, application.client_secret);
        Ok(Self { simulator, connector, merchant: name, application })
    }

    /// Returns where it listens.
    pub(super) fn url(&self) -> String {
        self.simulator.url()
    }

    /// Returns our application at this vendor, and at no other.
    pub(super) fn applications(&self, public_url: &str) -> Applications {
        let (id, secret) = &self.application;
        let file = ApplicationFile::simulated((id, secret), self.url(), WEBHOOK_KEY);
        Applications::only(BTreeMap::from([(self.connector.to_owned(), file)]), public_url)
    }

    /// Opens the page where the merchant agrees, as the merchant's browser does, and goes where it leads.
    ///
    /// # Errors
    /// Says what the page answered instead.
    pub(super) async fn agree(&self, page: &str) -> Result<(), OpError> {
        let mut at = page.to_owned();
        for _ in 0..4 {
            match visit(&at).await {
                Ok((status, Some(next))) if status.is_redirection() => at = next,
                Ok((StatusCode::OK, _)) => return Ok(()),
                Ok((status, _)) => {
                    return Err(OpError::failed(format!("the page of consent answered {status}")));
                }
                Err(error) => {
                    return Err(OpError::failed(format!(
                        "the page of consent could not be opened: {error}"
                    )));
                }
            }
        }
        Err(OpError::failed("the page of consent leads nowhere"))
    }

    /// Stops it.
    pub(super) async fn close(self) {
        self.simulator.stop().await;
    }
}

impl World {
    /// Reads the world of an earlier demonstration, or begins one now.
    fn find_or_found(path: &PathBuf, orders_per_day: u32) -> Result<Self, OpError> {
        let failed = |error: std::io::Error| {
            OpError::failed(format!("cannot keep the demonstration in {}: {error}", path.display()))
        };
        match std::fs::read_to_string(path) {
            Ok(text) => serde_json::from_str(&text).map_err(|error| {
                let path = path.display();
                OpError::failed(format!("{path} cannot be read, delete it to begin anew: {error}"))
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let now = Timestamp::now();
                let world = Self {
                    seed: now.as_microsecond().unsigned_abs(),
                    orders_per_day,
                    trading_since: now.checked_sub(HISTORY_HOURS.hours()).unwrap_or(now),
                    rush_since: now,
                };
                if let Some(directory) = path.parent() {
                    std::fs::create_dir_all(directory).map_err(failed)?;
                }
                let text = serde_json::to_string_pretty(&world).unwrap_or_default();
                std::fs::write(path, text).map_err(failed)?;
                Ok(world)
            }
            Err(error) => Err(failed(error)),
        }
    }
}

/// Fetches an address of this machine; answers where it leads, if it does.
async fn visit(
    url: &str,
) -> Result<(StatusCode, Option<String>), Box<dyn std::error::Error + Send + Sync>> {
    let url: Uri = url.parse()?;
    let authority = url.authority().ok_or("it has no host")?.to_string();
    let stream = TcpStream::connect(&authority).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let path = url.path_and_query().map_or("/", |path| path.as_str());
    let request = Request::get(path).header(HOST, authority).body(Body::empty())?;
    let answer = sender.send_request(request).await?;
    let next = answer.headers().get(LOCATION).and_then(|to| to.to_str().ok()).map(str::to_owned);
    Ok((answer.status(), next))
}
