//! What is up before the demonstration begins: an address of ours, and a vendor that knows it.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use clap::ArgMatches;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::lines;
use super::vendor::Vendor;
use crate::config::Config;
use crate::jobs::{Crew, WorkerTalk, worker};
use crate::ops::{Context, OpError};
use crate::serve::{Settings, serve_on};
use shelfops_db::jobs::WorkerSettings;

/// Where the server listens, unless somebody else does.
const PORT: u16 = 8080;

/// How many jobs are done at once.
const JOBS_AT_ONCE: usize = 4;

/// The vendor, and our own address.
pub(crate) struct Stage {
    pub(super) vendor: Vendor,
    /// Where we are found.
    pub(super) url: String,
    listener: Option<TcpListener>,
    running: Vec<JoinHandle<()>>,
}

impl Stage {
    /// Takes an address, starts the vendor, and makes it the one that the settings know.
    ///
    /// # Errors
    /// Fails when no address can be had, or the vendor cannot run.
    pub(crate) async fn set(config: &mut Config, matches: &ArgMatches) -> Result<Self, OpError> {
        let listener = match listen(PORT).await {
            Err(_) => listen(0).await,
            taken => taken,
        };
        let cannot = |error| OpError::failed(format!("cannot listen on this machine: {error}"));
        let listener = listener.map_err(cannot)?;
        let url = format!("http://{}", listener.local_addr().map_err(cannot)?);
        let orders_per_day = (lines(matches) / 1_000).clamp(1, 5_000) as u32;
        let vendor = Vendor::open(&config.state_directory, &url, orders_per_day).await?;
        config.applications = vendor.applications(&url);
        config.makes_secret_keys = true;
        Ok(Self { vendor, url, listener: Some(listener), running: Vec::new() })
    }

    /// Begins to serve, until the user asks to stop.
    pub(super) fn serve(&mut self, context: &Context) {
        let Some(listener) = self.listener.take() else { return };
        let Ok(address) = listener.local_addr() else { return };
        let context = context.for_principal(context.principal().clone(), context.talk());
        self.running.push(tokio::spawn(async move {
            serve_on(listener, &context, Settings::of_a_demonstration(address)).await;
        }));
    }

    /// Begins to do jobs, until the user asks to stop.
    pub(super) fn work(&mut self, context: &Context) {
        let terminal = context.talk();
        let talk = Arc::new(WorkerTalk::new(terminal.clone()));
        let shares = JOBS_AT_ONCE as u32;
        let context = context.for_principal(context.principal().clone(), talk.clone());
        let context = Arc::new(context.sharing_memory(shares));
        self.running.push(tokio::spawn(async move {
            let done = async {
                let crew = Arc::new(Crew::new(context.clone(), talk));
                let settings = WorkerSettings::new(JOBS_AT_ONCE);
                let worker = worker(context.database().await?, settings, crew);
                worker
                    .run({
                        let terminal = terminal.clone();
                        move || terminal.should_stop()
                    })
                    .await?;
                Ok::<(), OpError>(())
            };
            if let Err(error) = done.await {
                terminal.say(&format!("the worker stopped: {}", error.with_reasons()));
            }
        }));
    }

    /// Waits until what runs has stopped, and stops the vendor.
    pub(crate) async fn strike(self) {
        for running in self.running {
            let _ = running.await;
        }
        self.vendor.close().await;
    }
}

async fn listen(port: u16) -> std::io::Result<TcpListener> {
    TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await
}
