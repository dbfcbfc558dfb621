//! Prints what a shell needs to complete commands, made from the command line itself.

use clap::{Arg, ArgMatches, Command, value_parser};
use clap_complete::{Shell, generate};

/// Where shells look for it.
const PLACES: &str = "Examples:
  shelfops completions bash > ~/.local/share/bash-completion/completions/shelfops
  shelfops completions zsh > \"${fpath[1]}/_shelfops\"
  shelfops completions fish > ~/.config/fish/completions/shelfops.fish";

/// The command.
pub(super) fn command() -> Command {
    Command::new("completions")
        .about("Print what a shell needs to complete commands and flags")
        .after_help(PLACES)
        .arg(
            Arg::new("shell")
                .value_name("SHELL")
                .required(true)
                .value_parser(value_parser!(Shell))
                .help("The shell that will read it"),
        )
}

/// Writes the script for the shell that was named.
pub(super) fn script(matches: &ArgMatches) -> String {
    let mut script = Vec::new();
    if let Some(shell) = matches.get_one::<Shell>("shell") {
        let mut root = super::command();
        let name = root.get_name().to_owned();
        generate(*shell, &mut root, name, &mut script);
    }
    String::from_utf8_lossy(&script).into_owned()
}
