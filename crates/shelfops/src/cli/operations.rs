//! The registry itself: every operation with its schemas, and any of them told by JSON.

use std::io::Read;

use super::{find, render, write};
use crate::ops::output::Verdict;
use crate::ops::{self, Context, OpError};
use clap::{Arg, ArgMatches, Command};

/// The commands.
pub(super) fn command() -> Command {
    Command::new("operation")
        .about("The registry behind all commands, for programs: schemas, and runs told by JSON")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            Command::new("list")
                .about("List every operation with the JSON schemas of its input and output"),
        )
        .subcommand(
            Command::new("run")
                .about("Run an operation told by JSON; the answer is JSON")
                .after_help(
                    "Example: shelfops operation run 'tenant show' --input '{\"slug\": \"acme\"}'",
                )
                .arg(Arg::new("name").required(true).help("The operation, such as 'tenant list'"))
                .arg(
                    Arg::new("input")
                        .long("input")
                        .default_value("{}")
                        .value_name("JSON")
                        .help("Its input as JSON; '-' reads it from stdin"),
                ),
        )
}

/// Runs one of them.
pub(super) async fn run(
    name: &str,
    context: &Context,
    matches: &ArgMatches,
) -> Result<Verdict, OpError> {
    if name == "operation list" {
        let output = ops::catalogue();
        write(&render::output(&output, render::Format::Json))?;
        return Ok(output.verdict);
    }
    let text = |key: &str| matches.get_one::<String>(key).cloned().unwrap_or_default();
    let input = match text("input").as_str() {
        "-" => read_stdin()?,
        given => given.to_owned(),
    };
    let input = serde_json::from_str(&input)
        .map_err(|error| OpError::usage(format!("the input is no JSON: {error}")))?;
    let output = find(&text("name"))?.run_json(context, input).await?;
    write(&render::output(&output, render::Format::Json))?;
    Ok(output.verdict)
}

fn read_stdin() -> Result<String, OpError> {
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .map_err(|error| OpError::usage(format!("cannot read the input from stdin: {error}")))?;
    Ok(text)
}
