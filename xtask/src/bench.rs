//! `cargo x bench`: hands over to the benchmark program, built as users build it.

use std::path::Path;

use crate::Outcome;
use crate::steps::{cargo, step};

/// Runs the benchmark program with these arguments.
pub(crate) fn run(root: &Path, arguments: &[String]) -> anyhow::Result<Outcome> {
    step("bench", cargo(root, &["run", "--release", "--package", "bench", "--"]).args(arguments))
}
