//! The log on stderr: lines for people, or JSON for collectors of logs.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::Layer as _;

use super::{Listener, Telling};

/// How a server's log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON document a line.
    Json,
}

/// Writes the log. A server says what it does unasked; other commands only what went wrong.
pub(super) fn listener(telling: &Telling) -> Listener {
    let default = match telling.verbosity + u8::from(telling.log_format.is_some()) {
        0 => "warn",
        1 => "info",
        _ => "debug",
    };
    // Set to nothing is not set, and not «log nothing».
    let wanted = std::env::var("SHELFOPS_LOG").ok().filter(|it| !it.trim().is_empty());
    let filter = wanted.and_then(|wanted| EnvFilter::try_new(wanted).ok());
    let filter = filter.unwrap_or_else(|| EnvFilter::new(default));
    let log = fmt::layer().with_ansi(has_colours()).with_writer(std::io::stderr);
    if telling.log_format == Some(LogFormat::Json) {
        let log = log.json().flatten_event(true).with_current_span(true).with_span_list(false);
        log.with_filter(filter).boxed()
    } else {
        log.with_filter(filter).boxed()
    }
}

/// Whether lines may be coloured: on a terminal that knows colours, for a user who wants some
/// (<https://no-color.org>).
fn has_colours() -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    std::io::stderr().is_terminal()
        && !is_set("NO_COLOR")
        && std::env::var_os("TERM").is_none_or(|terminal| terminal != "dumb")
}
