//! `cargo x test`: every test of the workspace, and the generated reference.

use std::path::Path;

use crate::Outcome;
use crate::steps::{cargo, has_subcommand, step};

/// Runs the tests through nextest where it is installed, and else through cargo.
///
/// `arguments` choose among them; without any, examples in the documentation run too, and the
/// reference is compared with what the program that was tested says.
pub(crate) fn run(root: &Path, arguments: &[String]) -> anyhow::Result<Outcome> {
    let has_nextest = has_subcommand(root, "nextest");
    let mut outcomes = Vec::new();
    if has_nextest && arguments.is_empty() {
        // nextest does not run the examples in documentation.
        let examples = ["test", "--workspace", "--doc", "--quiet"];
        outcomes.push(step("doc tests", &mut cargo(root, &examples))?);
    }
    let runner: &[&str] = if has_nextest { &["nextest", "run"] } else { &["test"] };
    outcomes.push(step("test", cargo(root, runner).arg("--workspace").args(arguments))?);
    if arguments.is_empty() {
        outcomes.push(crate::docs::check(root)?);
    }
    Ok(Outcome::of_all(&outcomes))
}
