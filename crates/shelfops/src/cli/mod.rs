//! The command line: built from the registry, so that a new operation is a new command by itself.

mod arguments;
mod completions;
mod manual;
mod operations;
mod render;
mod table;
mod talk;

use std::io::Write;
use std::sync::Arc;

use clap::ArgMatches;
use clap::error::ErrorKind as ClapErrorKind;
use serde_json::Value;

use crate::config::{Config, Overrides};
use crate::ops::context::Talk;
use crate::ops::output::Verdict;
use crate::ops::{AnyOperation, Context, OpError};
use crate::telemetry::{LogFormat, Telemetry, Telling};
use crate::{demo, reference, serve, simulate, worker};
use render::Format;
use talk::Terminal;

pub(crate) use arguments::command;
pub(crate) use table::{grouped, render as draw_table};

/// Runs the command line and answers the exit code.
pub(crate) async fn run() -> u8 {
    let matches = match command().try_get_matches() {
        Ok(matches) => matches,
        Err(error) if error.kind() == ClapErrorKind::MissingSubcommand => {
            let _ = write!(std::io::stderr(), "{}", help_of_called());
            return 2;
        }
        Err(error) => {
            // Help and version are answers, on stdout; mistakes go to stderr.
            let _ = error.print();
            let is_answer =
                matches!(error.kind(), ClapErrorKind::DisplayHelp | ClapErrorKind::DisplayVersion);
            return if is_answer { 0 } else { 2 };
        }
    };
    let format = render::Format::from_matches(&matches);
    match observed(&matches, format).await {
        Ok(code) => code,
        Err(error) => {
            complain_of(&error, format);
            error.kind().exit_code()
        }
    }
}

/// Runs what was called, and tells of it.
async fn observed(matches: &ArgMatches, format: Format) -> Result<u8, OpError> {
    let telemetry = Telemetry::start(Telling {
        verbosity: matches.get_count("verbose"),
        log_format: log_format(matches),
        is_service: matches!(&*called(matches).0, "serve" | "worker"),
    })?;
    let outcome = dispatch(matches, format).await;
    telemetry.stop().await;
    outcome
}

async fn dispatch(matches: &ArgMatches, format: Format) -> Result<u8, OpError> {
    let (name, matches) = called(matches);
    // What the program tells of itself takes no settings and no server.
    match &*name {
        "reference" => return write(&reference::markdown(matches)).map(|()| 0),
        "completions" => return write(&completions::script(matches)).map(|()| 0),
        "manual" => return write(&manual::page(matches)?).map(|()| 0),
        _ => {}
    }
    // Lines for people would spoil a log that programs read.
    let is_quiet = matches.get_flag("quiet") || log_format(matches) == Some(LogFormat::Json);
    let terminal = Arc::new(Terminal::new(is_quiet));
    tokio::spawn(talk::listen_for_interrupts(terminal.clone()));
    if name.starts_with("simulate ") {
        let tell = |introduction: &Value| {
            let _ = write(&format!("{introduction:#}\n"));
            terminal.say("Ctrl-C stops it.");
        };
        return simulate::run(matches, terminal.clone(), tell).await.map(|()| 0);
    }
    let mut config = Config::load(overrides(matches))?;
    if name == "worker" {
        let output = worker::run(config, matches, terminal.clone()).await?;
        write(&render::output(&output, format))?;
        render::talk_after(&output, format, &*terminal);
        return Ok(0);
    }
    let mut stage = match &*name {
        "demo" => Some(demo::Stage::set(&mut config, matches).await?),
        _ => None,
    };
    let context = Context::new(config, terminal.clone());
    let outcome = if name.starts_with("operation ") {
        operations::run(&name, &context, matches).await
    } else if name == "serve" {
        let tell = |introduction: &Value| write(&format!("{introduction:#}\n"));
        serve::run(&context, matches, tell).await.map(|()| Verdict::Good)
    } else if let Some(stage) = &mut stage {
        show_demo(&context, matches, &terminal, stage).await
    } else {
        show(&name, &context, matches, (format, &terminal)).await
    };
    terminal.done();
    if let Some(stage) = stage {
        terminal.stop();
        stage.strike().await;
    }
    context.close().await;
    Ok(match outcome? {
        Verdict::Good => 0,
        Verdict::Problems => 3,
        Verdict::ApprovalNeeded => 4,
        Verdict::Failed => 1,
        Verdict::Partial => 9,
        Verdict::Stopped => 130,
    })
}

/// Runs an operation and writes its answer.
async fn show(
    name: &str,
    context: &Context,
    matches: &ArgMatches,
    (format, terminal): (Format, &Terminal),
) -> Result<Verdict, OpError> {
    let output = find(name)?.run_matches(context, matches).await?;
    terminal.done();
    write(&render::output(&output, format))?;
    render::talk_after(&output, format, terminal);
    Ok(output.verdict)
}

/// Runs the demonstration; it stays until it is stopped unless it was asked to run once.
async fn show_demo(
    context: &Context,
    matches: &ArgMatches,
    terminal: &Terminal,
    stage: &mut demo::Stage,
) -> Result<Verdict, OpError> {
    let shown = demo::run(context, matches, stage).await?;
    let output = &shown.output;
    terminal.done();
    if matches.get_flag("once") {
        write(&render::output(output, Format::Json))?;
        return Ok(output.verdict);
    }
    write(&demo::tables(&output.data))?;
    render::talk_after(output, Format::Table, terminal);
    demo::go_on(context, &shown, stage).await?;
    Ok(output.verdict)
}

/// Returns the help of the command that was called without the verb that it needs.
fn help_of_called() -> clap::builder::StyledStr {
    let mut root = command();
    root.build();
    let mut at = &root;
    for word in std::env::args().skip(1) {
        at = at.find_subcommand(word).unwrap_or(at);
    }
    at.clone().render_help()
}

/// Follows the subcommands down to the one that was called.
fn called(matches: &ArgMatches) -> (String, &ArgMatches) {
    let mut name = String::new();
    let mut at = matches;
    while let Some((word, inner)) = at.subcommand() {
        if !name.is_empty() {
            name.push(' ');
        }
        name.push_str(word);
        at = inner;
    }
    (name, at)
}

pub(super) fn find(name: &str) -> Result<&'static dyn AnyOperation, OpError> {
    crate::ops::find(name).ok_or_else(|| OpError::usage(format!("there is no command '{name}'")))
}

fn overrides(matches: &ArgMatches) -> Overrides {
    let text = |name: &str| matches.get_one::<String>(name).cloned();
    Overrides {
        database_url: text("database-url"),
        app_database_url: text("app-database-url"),
        timeseries_engine: text("timeseries-engine"),
        environment: text("environment"),
        state_directory: text("state-directory").map(Into::into),
    }
}

/// Returns how the log is to be written; `None` for commands that are no servers.
fn log_format(matches: &ArgMatches) -> Option<LogFormat> {
    let (_, leaf) = called(matches);
    let told = leaf.try_get_one::<String>("log-format").ok().flatten()?;
    Some(if told == "json" { LogFormat::Json } else { LogFormat::Text })
}

/// Writes an answer to stdout; a reader that has seen enough is no error.
fn write(text: &str) -> Result<(), OpError> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(OpError::failed(format!("cannot write the answer: {error}")))
        }
        _ => Ok(()),
    }
}

/// Says why something was not done.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(std::io::stderr(), "error: {text}");
}

fn complain_of(error: &OpError, format: Format) {
    let text = error.with_reasons();
    if format == Format::Json || format == Format::Ndjson {
        let body = serde_json::json!({ "error": { "kind": error.kind(), "message": text } });
        let _ = writeln!(std::io::stderr(), "{body}");
    } else {
        complain(&text);
    }
}
