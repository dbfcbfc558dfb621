//! What the program tells about its own work: a log on stderr, and traces to whoever collects them.

mod log;
mod traces;

use tracing_subscriber::Registry;
use tracing_subscriber::layer::{Layer, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::ops::OpError;
use traces::Traces;

pub(crate) use log::LogFormat;
pub(crate) use traces::{describe, describe_request, end_request};

/// A part of what hears of spans and events.
type Listener = Box<dyn Layer<Registry> + Send + Sync>;

/// How much is told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Telling {
    /// How much more than usual the log says.
    pub(crate) verbosity: u8,
    /// How a server's log is written; none for commands that are no servers.
    pub(crate) log_format: Option<LogFormat>,
    /// Whether the command works for others, so that somebody may want to follow it from afar.
    pub(crate) is_service: bool,
}

/// Whoever is told; kept as long as the program works.
pub(crate) struct Telemetry {
    traces: Option<Traces>,
}

impl Telemetry {
    /// Begins to tell.
    ///
    /// # Errors
    /// Refuses settings of the collector that cannot be followed.
    pub(crate) fn start(telling: Telling) -> Result<Self, OpError> {
        let mut listeners: Vec<Listener> = vec![log::listener(&telling)];
        let traces = if telling.is_service { Traces::configured() } else { Ok(None) };
        if let Ok(Some(traces)) = &traces {
            listeners.push(traces.listener());
        }
        // The log is there even where the collector's settings are wrong.
        let _ = tracing_subscriber::registry().with(listeners).try_init();
        Ok(Self { traces: traces? })
    }

    /// Tells what was not told yet, and ends.
    pub(crate) async fn stop(self) {
        if let Some(traces) = self.traces {
            traces.stop().await;
        }
    }
}
