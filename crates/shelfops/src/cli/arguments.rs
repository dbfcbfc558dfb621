//! The tree of commands and the flags that all of them take.

use clap::{Arg, ArgAction, Command};

use crate::ops::{AnyOperation, NOUNS, OPERATIONS};
use crate::{demo, serve, simulate, worker};

/// What the exit codes mean.
const EXIT_CODES: &str = "Exit codes:
  0    done
  1    failed
  2    the command line is not right
  3    a check found problems
  4    somebody's approval is needed
  5    not found
  6    conflict: another process is at it, or something changed
  7    not allowed
  8    the database cannot be reached
  9    partly done
  130  stopped on request; what was committed stays, the same command resumes";

/// Builds the whole command line.
pub(crate) fn command() -> Command {
    let mut root = Command::new("shelfops")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Brings retail data into PostgreSQL, and does the data engineer's work on it")
        .after_help(EXIT_CODES)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .args(common());
    root = root
        .subcommand(demo::command())
        .subcommand(serve::command())
        .subcommand(simulate::command())
        .subcommand(worker::command());
    for operation in OPERATIONS.iter().filter(|operation| !operation.name().contains(' ')) {
        root = root.subcommand(leaf(*operation, operation.name()));
    }
    for (noun, about) in NOUNS {
        let mut group = Command::new(*noun)
            .about(*about)
            .subcommand_required(true)
            .arg_required_else_help(true);
        for operation in OPERATIONS {
            if let Some(verb) = operation.name().strip_prefix(noun).map(str::trim_start)
                && !verb.is_empty()
            {
                group = group.subcommand(leaf(*operation, verb));
            }
        }
        root = root.subcommand(group);
    }
    root.subcommand(super::operations::command())
        .subcommand(super::completions::command())
        .subcommand(super::manual::command())
        .subcommand(crate::reference::command())
}

fn leaf(operation: &dyn AnyOperation, name: &'static str) -> Command {
    // The arguments first: they would set what the command is about to what they are about.
    let command = operation.augment(Command::new(name)).about(operation.summary()).long_about(None);
    match operation.details() {
        "" => command,
        details => command.after_help(details),
    }
}

fn common() -> Vec<Arg> {
    vec![
        Arg::new("output")
            .long("output")
            .short('o')
            .global(true)
            .value_name("FORMAT")
            .value_parser(["table", "json", "ndjson", "csv"])
            .default_value("table")
            .help_heading("Output")
            .help("How the answer is written to stdout"),
        Arg::new("quiet")
            .long("quiet")
            .short('q')
            .global(true)
            .action(ArgAction::SetTrue)
            .help_heading("Output")
            .help("Say nothing besides the answer"),
        Arg::new("verbose")
            .long("verbose")
            .short('v')
            .global(true)
            .action(ArgAction::Count)
            .help_heading("Output")
            .help("Say more; twice for everything"),
        hidden_setting("database-url", "DATABASE_URL")
            .help("Use this server instead of the embedded one"),
        hidden_setting("app-database-url", "SHELFOPS_APP_DATABASE_URL")
            .help("The same database as a login that is shelfops_app"),
        hidden_setting("timeseries-engine", "SHELFOPS_TIMESERIES_ENGINE")
            .help("native, timescale or timescale-apache, for a database that is new"),
        hidden_setting("environment", "SHELFOPS_ENVIRONMENT").help(
            "development, staging or production: whom changes ask [default: production with a URL]",
        ),
        hidden_setting("state-directory", "SHELFOPS_STATE_DIRECTORY")
            .help("Where the embedded server lives [default: .shelfops]"),
    ]
}

/// A setting that may hold a password is never shown with its value.
fn hidden_setting(name: &'static str, variable: &'static str) -> Arg {
    Arg::new(name)
        .long(name)
        .env(variable)
        .hide_env_values(true)
        .global(true)
        .value_name(if name.ends_with("url") { "URL" } else { "VALUE" })
        .help_heading("Settings")
}
