//! `shelfops serve`: the operations over HTTP, for keys instead of terminals.
//!
//! It adds nothing that the registry does not have: a request is an operation's name and its input as
//! JSON, and the answer is what the command line would print with `--output json`.

mod api;
mod app;
mod auth;
mod connections;
mod health;
mod metrics;
mod openapi;
mod problem;
mod rate_limit;
mod request_id;
mod router;
mod watch;

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use clap::{Arg, ArgMatches, Command, value_parser};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::ops::context::until_stopped;
use crate::ops::{Context, OPERATIONS, OpError};
use app::App;
use auth::OperatorKey;

/// The variable that holds the operator's key. Not a flag: other users of a machine see those.
const OPERATOR_KEY: &str = "SHELFOPS_OPERATOR_KEY";

/// How long running requests may go on after the wish to stop.
const FINISH: Duration = Duration::from_secs(20);

/// How long those that go on even then may take to stop behind their batch.
const STOP: Duration = Duration::from_secs(10);

/// The command.
pub(crate) fn command() -> Command {
    let setting = |name: &'static str, variable: &'static str| {
        let setting = Arg::new(name).long(name).hide_env_values(true);
        // Set to nothing is not set, as for all our variables.
        let is_empty = std::env::var_os(variable).is_some_and(|value| value.is_empty());
        if is_empty { setting } else { setting.env(variable) }
    };
    Command::new("serve")
        .about("Serve the operations over HTTP, each tenant by its own keys")
        .after_help(
            "Keys are made by `shelfops api-key add`. SHELFOPS_OPERATOR_KEY, 32 characters or more, names\n\
             a key that may do everything for every tenant; without it nobody may.\n\n\
             There is no encryption: listen where a proxy that has it can reach the server, and nobody else.\n\
             Told to stop, it lets running requests finish for 30 seconds.\n\n\
             Example: shelfops serve --listen 127.0.0.1:8080 --log-format json",
        )
        .arg(
            setting("listen", "SHELFOPS_LISTEN")
                .value_name("ADDRESS")
                .value_parser(value_parser!(SocketAddr))
                .default_value("127.0.0.1:8080")
                .help("Where to listen; port 0 takes a free one, and the answer says which"),
        )
        .arg(
            setting("log-format", "SHELFOPS_LOG_FORMAT")
                .value_name("FORMAT")
                .value_parser(["text", "json"])
                .default_value("text")
                .help("How the log on stderr is written"),
        )
        .arg(
            setting("requests-per-minute", "SHELFOPS_REQUESTS_PER_MINUTE")
                .value_name("COUNT")
                .value_parser(value_parser!(NonZeroU32))
                .default_value("600")
                .help("How many requests a key may make in a minute"),
        )
        .arg(
            setting("request-timeout", "SHELFOPS_REQUEST_TIMEOUT")
                .value_name("SECONDS")
                .value_parser(value_parser!(u64).range(1..=3600))
                .default_value("60")
                .help("After how long a request is given up"),
        )
}

/// What the server was told.
pub(crate) struct Settings {
    listen: SocketAddr,
    requests_per_minute: NonZeroU32,
    request_timeout: Duration,
    operator_key: Option<OperatorKey>,
}

impl Settings {
    /// What a server does that was told nothing.
    pub(crate) const fn of_a_demonstration(listen: SocketAddr) -> Self {
        Self {
            listen,
            requests_per_minute: NonZeroU32::MAX,
            request_timeout: Duration::from_secs(60),
            operator_key: None,
        }
    }

    fn of(matches: &ArgMatches) -> Result<Self, OpError> {
        let missing = || OpError::usage("a setting of the server is missing");
        let operator_key = std::env::var_os(OPERATOR_KEY)
            .filter(|key| !key.is_empty())
            .map(|key| OperatorKey::new(&key.to_string_lossy()))
            .transpose()
            .map_err(|error| OpError::usage(format!("{OPERATOR_KEY} is not usable: {error}")))?;
        Ok(Self {
            listen: *matches.get_one("listen").ok_or_else(missing)?,
            requests_per_minute: *matches.get_one("requests-per-minute").ok_or_else(missing)?,
            request_timeout: Duration::from_secs(
                *matches.get_one("request-timeout").ok_or_else(missing)?,
            ),
            operator_key,
        })
    }
}

/// Serves until the user asks to stop; `tell` is given where.
pub(crate) async fn run(
    context: &Context,
    matches: &ArgMatches,
    tell: impl FnOnce(&Value) -> Result<(), OpError>,
) -> Result<(), OpError> {
    let settings = Settings::of(matches)?;
    let cannot = |error: std::io::Error| {
        OpError::failed(format!("cannot listen on {}: {error}", settings.listen))
    };
    let listener = TcpListener::bind(settings.listen).await.map_err(cannot)?;
    let address = listener.local_addr().map_err(cannot)?;
    // An embedded server starts now and not with the first request.
    context.database().await?;
    context.open_database().watch();

    tell(&introduction(address))?;
    serve_on(listener, context, settings).await;
    Ok(())
}

/// Serves what a listener hears until the user asks to stop.
pub(crate) async fn serve_on(listener: TcpListener, context: &Context, settings: Settings) {
    let app = Arc::new(App::new(
        context,
        settings.operator_key,
        settings.requests_per_minute,
        settings.request_timeout,
    ));
    tracing::info!(address = ?listener.local_addr(), "listening");

    let talk = context.talk();
    let own = context.for_principal(context.principal().clone(), context.talk());
    let vendors = crate::webhooks::router(Arc::new(own), app.changes());
    let connections =
        connections::accept(listener, router::build(app.clone(), vendors), until_stopped(&*talk))
            .await;
    app.begin_stop();
    tracing::info!("stopping; running requests may finish");
    let finished = async {
        connections.finish().await;
        app.finish_changes().await;
    };
    tokio::pin!(finished);
    if tokio::time::timeout(FINISH, &mut finished).await.is_ok() {
        return;
    }
    app.ask_to_stop();
    if tokio::time::timeout(STOP, &mut finished).await.is_err() {
        tracing::warn!("some requests took too long and were cut off");
    }
}

/// What somebody needs who wants to ask.
fn introduction(address: SocketAddr) -> Value {
    let url = format!("http://{address}");
    json!({
        "url": url,
        "operations": OPERATIONS.len(),
        "openapi": format!("{url}{}", openapi::PATH),
        "metrics": format!("{url}/metrics"),
    })
}
