//! `cargo x lint`: formatting, clippy, documentation, the house rules, the dependencies.

use std::path::Path;

use crate::Outcome;
use crate::steps::{cargo, has_subcommand, step};

/// Checks everything that needs no test to run, and goes on after a failure to tell all at once.
pub(crate) fn run(root: &Path) -> anyhow::Result<Outcome> {
    let clippy = ["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"];
    let outcomes = [
        step("fmt", &mut cargo(root, &["fmt", "--all", "--check"]))?,
        crate::tidy::run(root)?,
        step("clippy", &mut cargo(root, &clippy))?,
        step(
            "doc",
            cargo(root, &["doc", "--workspace", "--no-deps", "--quiet"])
                .env("RUSTDOCFLAGS", "-D warnings"),
        )?,
        deny(root)?,
    ];
    Ok(Outcome::of_all(&outcomes))
}

/// Checks licences, sources and duplicates of the dependencies, where the tool is installed.
fn deny(root: &Path) -> anyhow::Result<Outcome> {
    if !has_subcommand(root, "deny") {
        eprintln!(
            "== deny: skipped, cargo-deny is not installed (cargo install cargo-deny --locked)"
        );
        return Ok(Outcome::Clean);
    }
    // Advisories are left out: they need a database from outside, and a new one would fail changes
    // that have nothing to do with it.
    let checks = ["bans", "licenses", "sources"];
    let arguments = ["deny", "--all-features", "check", "--hide-inclusion-graph"];
    step("deny", cargo(root, &arguments).args(checks))
}
