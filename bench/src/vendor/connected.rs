//! Tenants whose systems are connected to the simulated vendor, by the product's own commands.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use serde_json::Value;

use super::Vendor;
use crate::http::Connection;
use crate::import::Target;
use crate::process::Process;

/// What the vendor signs its notifications with.
pub(crate) const WEBHOOK_KEY: &str = "bench-signature-key";

/// Where notifications go.
pub(crate) const WEBHOOKS: &str = "/webhooks/square";

/// The product beside a vendor.
pub(crate) struct Connected<'a> {
    target: &'a Target<'a>,
    vendor: &'a Vendor,
    address: String,
    keys: PathBuf,
    directory: PathBuf,
    calls_per_second: Option<u32>,
}

/// Returns an address of this machine that nobody listens at.
pub(crate) fn free_address() -> anyhow::Result<String> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}

/// Returns where a merchant is sent back to.
pub(crate) fn callback(address: &str) -> String {
    format!("http://{address}/oauth/square/callback")
}

impl<'a> Connected<'a> {
    /// Puts the product beside a vendor; `address` is where the vendor thinks that it listens.
    pub(crate) fn new(
        (target, vendor): (&'a Target<'a>, &'a Vendor),
        address: &str,
        directory: &Path,
        calls_per_second: Option<u32>,
    ) -> anyhow::Result<Self> {
        let directory = std::path::absolute(directory)?;
        let keys = directory.join("secret.keys");
        // 32 bytes, as base64.
        std::fs::write(&keys, format!("{}=\n", "A".repeat(43)))?;
        let address = address.to_owned();
        Ok(Self { target, vendor, address, keys, directory, calls_per_second })
    }

    /// Returns a call of the binary that knows database and vendor.
    fn command(&self, arguments: &[&str]) -> Command {
        let (client_id, client_secret) = self.vendor.application();
        let mut command = self.target.command(arguments);
        command
            .env("SHELFOPS_PUBLIC_URL", format!("http://{}", self.address))
            .env("SHELFOPS_SECRET_KEY_FILE", &self.keys)
            .env("SHELFOPS_SQUARE_BASE_URL", self.vendor.url())
            .env("SHELFOPS_SQUARE_CLIENT_ID", client_id)
            .env("SHELFOPS_SQUARE_CLIENT_SECRET", client_secret)
            .env("SHELFOPS_SQUARE_WEBHOOK_KEYS", WEBHOOK_KEY);
        if let Some(calls) = self.calls_per_second {
            command.env("SHELFOPS_SQUARE_CALLS_PER_SECOND", calls.to_string());
        }
        command
    }

    /// Starts the server where the vendor expects it.
    pub(crate) fn serve(&self) -> anyhow::Result<Process> {
        let mut command = self.command(&["serve", "--listen", &self.address]);
        // A line a request is a log, and part of what users get; writing it is part of the figure.
        command.args(["--log-format", "json"]);
        let mut server = Process::start("server", command, &self.directory)?;
        server.introduction()?;
        Ok(server)
    }

    /// Starts a worker.
    pub(crate) fn work(&self, concurrency: usize) -> anyhow::Result<Process> {
        let concurrency = concurrency.to_string();
        let command = self.command(&["worker", "--concurrency", &concurrency]);
        Process::start("worker", command, &self.directory)
    }

    /// Adds a tenant and connects it to a merchant, who agrees; the server must be up.
    pub(crate) async fn connect(&self, tenant: &str, merchant_id: &str) -> anyhow::Result<()> {
        self.target.run(&["tenant", "add", tenant, "--currency", "USD", "--time-zone", "UTC"])?;
        let begun = self.ask(&["integration", "add", "square", "--tenant", tenant, "--no-wait"])?;
        let page = begun["data"]["authorize_url"].as_str().context("no page of consent")?;
        let back = self.vendor.agree(page, merchant_id).await?;
        let own = format!("http://{}", self.address);
        let path = back.strip_prefix(&own).context("the vendor leads elsewhere")?;
        let mut connection = Connection::open(&self.address).await?;
        let answer = connection.send(&format!("GET {path}"), &[], b"").await?;
        if answer.status != 200 {
            bail!("{tenant} could not be connected: {}", String::from_utf8_lossy(&answer.body));
        }
        Ok(())
    }

    /// Lets a stream of a tenant be read by nobody but who is told to.
    pub(crate) fn pause(&self, tenant: &str, stream: &str) -> anyhow::Result<()> {
        let schedule = ["schedule", "set", "--tenant", tenant, "--kind", "sync", "--source"];
        let which = ["square", "--stream", stream, "--pause"];
        self.ask(&[&schedule[..], &which].concat()).map(drop)
    }

    /// Reads streams of a tenant now.
    pub(crate) fn sync(&self, tenant: &str, streams: &[&str]) -> anyhow::Result<()> {
        for stream in streams {
            let run = ["sync", "run", "--tenant", tenant, "--source", "square", "--stream", stream];
            self.ask(&run)?;
        }
        Ok(())
    }

    /// Runs a command and reads its answer.
    fn ask(&self, arguments: &[&str]) -> anyhow::Result<Value> {
        let output = self.command(arguments).output()?;
        if !output.status.success() {
            bail!("{arguments:?} failed: {}", String::from_utf8_lossy(&output.stderr));
        }
        serde_json::from_slice(&output.stdout).with_context(|| format!("{arguments:?}"))
    }
}
