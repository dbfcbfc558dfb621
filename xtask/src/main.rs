//! The project's tasks: `cargo x check`, `lint`, `test`, `tidy`, `docs` and `bench`.
//!
//! Exits with 0 when all is well, 1 when a task found something, 2 when it could not run.

mod bench;
mod docs;
mod lint;
mod steps;
mod test;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The project's tasks.
#[derive(Debug, Parser)]
#[command(name = "cargo x", bin_name = "cargo x")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Does everything that must pass before a change lands: lint, then test
    Check,
    /// Checks formatting, clippy, documentation, the house rules and the dependencies
    Lint,
    /// Runs all tests, through nextest where it is installed
    Test {
        /// Passed on to the test runner, such as the name of a test
        arguments: Vec<String>,
    },
    /// Checks the house rules that can be counted
    Tidy,
    /// Writes docs/reference from the program itself
    Docs {
        /// Compares instead of writing
        #[arg(long)]
        check: bool,
    },
    /// Runs benchmark scenarios, all of them when none is named
    Bench {
        /// Passed on to the benchmark program
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

/// How a task ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// Nothing to complain about.
    Clean,
    /// Something to mend, already said.
    Found,
}

impl Outcome {
    /// Clean where every step was.
    fn of_all(steps: &[Self]) -> Self {
        let is_clean = steps.iter().all(|step| *step == Self::Clean);
        if is_clean { Self::Clean } else { Self::Found }
    }
}

fn main() -> ExitCode {
    match run(&Arguments::parse().task) {
        Ok(Outcome::Clean) => ExitCode::SUCCESS,
        Ok(Outcome::Found) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(task: &Task) -> anyhow::Result<Outcome> {
    let root = root();
    match task {
        Task::Check => match lint::run(&root)? {
            Outcome::Clean => test::run(&root, &[]),
            Outcome::Found => Ok(Outcome::Found),
        },
        Task::Lint => lint::run(&root),
        Task::Test { arguments } => test::run(&root, arguments),
        Task::Tidy => tidy::run(&root),
        Task::Docs { check: false } => docs::write(&root),
        Task::Docs { check: true } => docs::check(&root),
        Task::Bench { arguments } => bench::run(&root, arguments),
    }
}

/// Returns the directory of the workspace: the one above this crate's.
fn root() -> PathBuf {
    let manifest_directory =
        std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let directory = PathBuf::from(manifest_directory);
    directory.parent().map_or_else(|| directory.clone(), Path::to_path_buf)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn benchmark_arguments_pass_through_untouched() {
        let parsed = Arguments::parse_from(["cargo x", "bench", "ingest", "--rows", "5"]);
        let Task::Bench { arguments } = parsed.task else { panic!("{parsed:?}") };
        assert_eq!(arguments, ["ingest", "--rows", "5"]);
    }
}
