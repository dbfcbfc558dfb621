//! The simulated vendor as a process of its own, so that its work is not the product's.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use shelfops_simulators::square::{
    ControlState, Force, Granted, MerchantConfig, Moment, SquareConfig, ThrottleClock,
    ThrottleConfig,
};

use crate::http::Connection;
use crate::process::Process;

/// Lines of an average order of the simulator.
const LINES_PER_ORDER: f64 = 2.4;

/// A running vendor.
pub(crate) struct Vendor {
    process: Process,
    address: String,
    config: SquareConfig,
}

/// Describes a merchant that has about so many order lines behind it.
pub(crate) fn merchant(number: usize, lines: u64, history_days: u16) -> MerchantConfig {
    let orders = lines as f64 / LINES_PER_ORDER / f64::from(history_days);
    MerchantConfig {
        id: format!("MLBENCH{number:03}"),
        business_name: format!("Bench {number}"),
        item_count: 2_000,
        orders_per_day: orders.ceil() as u32,
        history_days,
        ..MerchantConfig::default()
    }
}

impl Vendor {
    /// Starts a vendor with these merchants; its clock is ours. It lets `most` requests through in a
    /// second, and tells nobody.
    pub(crate) fn start(
        binary: &Path,
        directory: &Path,
        (merchants, most): (Vec<MerchantConfig>, Option<u32>),
        callback: &str,
    ) -> anyhow::Result<Self> {
        let throttle = most.map(|most| ThrottleConfig {
            burst: most,
            per_second: most,
            by: ThrottleClock::Real,
            retry_after_seconds: None,
        });
        let mut config = SquareConfig {
            start: Moment::from_millis(Timestamp::now().as_millisecond()),
            speed: 1.0,
            merchants,
            throttle,
            ..SquareConfig::default()
        };
        config.applications[0].redirect_urls = vec![callback.to_owned()];
        let path = directory.join("vendor.toml");
        std::fs::write(&path, toml::to_string(&config)?)?;
        let mut command = Command::new(binary);
        command.args(["simulate", "square", "--quiet", "--config"]).arg(&path);
        let mut process = Process::start("vendor", command, directory)?;
        let told = process.introduction()?;
        let url = told["url"].as_str().context("the vendor tells no address")?;
        let address = url.replace("http://", "");
        Ok(Self { process, address, config })
    }

    /// Returns its address as a URL.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns our application's id and secret.
    pub(crate) fn application(&self) -> (&str, &str) {
        let application = &self.config.applications[0];
        (&application.client_id, &application.client_secret)
    }

    /// Returns a connection to it.
    pub(crate) async fn connect(&self) -> anyhow::Result<Connection> {
        Connection::open(&self.address).await
    }

    /// Returns the processor time that it has used, in seconds.
    pub(crate) fn processor_seconds(&self) -> f64 {
        self.process.processor_seconds()
    }

    /// Returns what there is.
    pub(crate) async fn state(&self) -> anyhow::Result<ControlState> {
        let mut connection = self.connect().await?;
        let answer = connection.send("GET /_control/state", &[], b"").await?;
        Ok(serde_json::from_slice(&answer.body)?)
    }

    /// Returns how many requests it let through, and how many it refused as too many.
    pub(crate) async fn answered(&self) -> anyhow::Result<(usize, usize)> {
        let mut connection = self.connect().await?;
        let answer = connection.send("GET /_control/requests", &[], b"").await?;
        let log: Vec<Value> = serde_json::from_slice(&answer.body)?;
        let refused = log.iter().filter(|request| request["status"] == 429).count();
        Ok((log.len() - refused, refused))
    }

    /// Issues tokens of a merchant.
    pub(crate) async fn grant(&self, merchant_id: &str) -> anyhow::Result<Granted> {
        let mut connection = self.connect().await?;
        let wanted = json!({ "merchant_id": merchant_id });
        post(&mut connection, "/_control/grants", &wanted)
            .await
            .and_then(|granted| serde_json::from_value(granted).context("the vendor's tokens"))
    }

    /// Agrees to what a page asks, for a merchant, and returns where that leads.
    pub(crate) async fn agree(&self, page: &str, merchant_id: &str) -> anyhow::Result<String> {
        let (path, query) = page.split_once('?').context("the page asks nothing")?;
        let path = path.strip_prefix(&self.url()).context("the page is another vendor's")?;
        let body = format!("{query}&merchant_id={merchant_id}&decision=allow");
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let mut connection = self.connect().await?;
        let answer = connection.send(&format!("POST {path}"), &headers, body.as_bytes()).await?;
        let back = answer.header("location").map(str::to_owned);
        back.with_context(|| format!("the vendor answered {}", answer.status))
    }

    /// Stops it.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        self.process.stop().await.map(drop)
    }
}

/// Makes something happen to a merchant; returns the id of what came of it.
pub(crate) async fn force(
    connection: &mut Connection,
    merchant_id: &str,
    force: &Force,
) -> anyhow::Result<String> {
    let path = format!("/_control/merchants/{merchant_id}/force");
    let done = post(connection, &path, force).await?;
    done["id"].as_str().map(str::to_owned).context("nothing came of it")
}

async fn post(
    connection: &mut Connection,
    path: &str,
    wanted: &impl Serialize,
) -> anyhow::Result<Value> {
    let headers = [("content-type", "application/json")];
    let body = serde_json::to_vec(wanted)?;
    let answer = connection.send(&format!("POST {path}"), &headers, &body).await?;
    if answer.status != 200 {
        bail!("the vendor's control answered {}", String::from_utf8_lossy(&answer.body));
    }
    Ok(serde_json::from_slice(&answer.body)?)
}
