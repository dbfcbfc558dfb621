//! `shelfops simulate`: a vendor on this machine, to connect to, to develop against and to break.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Arg, ArgMatches, Command, value_parser};
use serde_json::{Value, json};
use shelfops_simulators::square::{SquareConfig, serve};

use crate::ops::OpError;
use crate::ops::context::{Talk, until_stopped};

/// The command with its vendors.
pub(crate) fn command() -> Command {
    Command::new("simulate")
        .about("Run a vendor's API on this machine, with made-up merchants behind it")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(square())
}

fn square() -> Command {
    Command::new("square")
        .about("Run Square's API: consent, tokens, catalogue, orders, stock, webhooks, faults")
        .after_help(
            "It answers as Square documents, and keeps everything in memory: the same settings give the\n\
             same merchants and the same sales. Read and changed under /_control: state, clock, faults,\n\
             grants (tokens without a click), and the oracle, which tells what a client should end with.\n\
             Runs until Ctrl-C.",
        )
        .arg(
            Arg::new("config")
                .long("config")
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .help("Merchants, applications, webhooks and faults, as TOML; flags win over it"),
        )
        .arg(
            Arg::new("address")
                .long("address")
                .value_name("ADDRESS")
                .value_parser(value_parser!(SocketAddr))
                .help("Where to listen [default: a free port of 127.0.0.1]"),
        )
        .arg(
            Arg::new("seed")
                .long("seed")
                .value_name("NUMBER")
                .value_parser(value_parser!(u64))
                .help("What everything that is made up follows from [default: 1]"),
        )
        .arg(
            Arg::new("speed")
                .long("speed")
                .value_name("FACTOR")
                .value_parser(value_parser!(f64))
                .help("Simulated seconds in a second; 0 lets the clock stand [default: 1]"),
        )
}

/// Runs the simulator that was asked for until the user has seen enough.
pub(crate) async fn run(
    matches: &ArgMatches,
    talk: Arc<dyn Talk>,
    tell: impl FnOnce(&Value),
) -> Result<(), OpError> {
    let config = settings(matches)?;
    let told = config.clone();
    serve(config, |address| tell(&introduction(&told, address)), until_stopped(&*talk))
        .await
        .map_err(|error| OpError::failed(format!("the simulator cannot run: {error}")))
}

fn settings(matches: &ArgMatches) -> Result<SquareConfig, OpError> {
    let mut config = match matches.get_one::<PathBuf>("config") {
        Some(path) => read(path)?,
        None => SquareConfig { speed: 1.0, ..SquareConfig::default() },
    };
    if let Some(address) = matches.get_one("address") {
        config.address = *address;
    }
    if let Some(seed) = matches.get_one("seed") {
        config.seed = *seed;
    }
    if let Some(speed) = matches.get_one("speed") {
        config.speed = *speed;
    }
    Ok(config)
}

fn read(path: &Path) -> Result<SquareConfig, OpError> {
    let name = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| OpError::usage(format!("cannot read {name}: {error}")))?;
    toml::from_str(&text)
        .map_err(|error| OpError::usage(format!("{name} is no configuration: {error}")))
}

/// What somebody needs who wants to connect.
fn introduction(config: &SquareConfig, address: SocketAddr) -> Value {
    let url = format!("http://{address}");
    let applications: Vec<Value> = config
        .applications
        .iter()
        .map(|application| {
            json!({
                "name": application.name,
                "client_id": application.client_id,
                "client_secret": application.client_secret,
                "redirect_urls": application.redirect_urls,
            })
        })
        .collect();
    json!({
        "url": url,
        "authorize": format!("{url}/oauth2/authorize"),
        "control": format!("{url}/_control/state"),
        "merchants": config.merchants.len(),
        "seed": config.seed,
        "speed": config.speed,
        "applications": applications,
    })
}
