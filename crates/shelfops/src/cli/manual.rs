//! Prints manual pages, made from the command line itself.

use clap::{Arg, ArgAction, ArgMatches, Command};
use clap_mangen::Man;

use crate::ops::OpError;

/// What to do with a page.
const USES: &str = "Examples:
  shelfops manual > shelfops.1
  shelfops manual quarantine replay | man --local-file -";

/// The command.
pub(super) fn command() -> Command {
    Command::new("manual").about("Print the manual page of a command").after_help(USES).arg(
        Arg::new("command")
            .value_name("COMMAND")
            .action(ArgAction::Append)
            .num_args(0..)
            .help("The command's words [default: the page of the program itself]"),
    )
}

/// Writes the page of the command that was named.
///
/// # Errors
/// Says that there is no such command.
pub(super) fn page(matches: &ArgMatches) -> Result<String, OpError> {
    let words: Vec<&str> =
        matches.get_many::<String>("command").unwrap_or_default().map(String::as_str).collect();
    let mut root = super::command();
    root.build();
    let named = words.iter().try_fold(&root, |at, word| at.find_subcommand(word));
    let Some(named) = named else {
        return Err(OpError::usage(format!(
            "there is no command '{}': `shelfops --help` lists them",
            words.join(" ")
        )));
    };
    let mut page = Vec::new();
    Man::new(named.clone())
        .source(concat!("shelfops ", env!("CARGO_PKG_VERSION")))
        .render(&mut page)
        .map_err(|error| OpError::failed(format!("the page cannot be written: {error}")))?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}
