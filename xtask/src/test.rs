//! `cargo x test`: every test of the workspace.

use std::path::Path;

use crate::Outcome;
use crate::steps::{cargo, has_subcommand, step};

/// Runs the tests through nextest where it is installed, and else through cargo.
///
/// `arguments` choose among them; without any, examples in the documentation run too.
pub(crate) fn run(root: &Path, arguments: &[String]) -> anyhow::Result<Outcome> {
    if !has_subcommand(root, "nextest") {
        return step("test", cargo(root, &["test", "--workspace"]).args(arguments));
    }
    if arguments.is_empty() {
        // nextest does not run the examples in documentation.
        let examples =
            step("doc tests", &mut cargo(root, &["test", "--workspace", "--doc", "--quiet"]))?;
        if examples == Outcome::Found {
            return Ok(examples);
        }
    }
    step("test", cargo(root, &["nextest", "run", "--workspace"]).args(arguments))
}
