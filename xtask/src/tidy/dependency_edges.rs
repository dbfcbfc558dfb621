//! Our crates depend on each other downwards only.

use std::collections::BTreeSet;

use super::manifests::manifests;
use super::repository::Repository;
use super::{Check, Finding};

/// Which of our crates each may name.
const EDGES: &[(&str, &[&str])] = &[
    (
        "shelfops",
        &[
            "shelfops-integrations",
            "shelfops-db",
            "shelfops-advisor",
            "shelfops-ingest",
            "shelfops-simulators",
            "shelfops-embedded-postgres",
        ],
    ),
    ("shelfops-integrations", &["shelfops-ingest"]),
    ("shelfops-db", &["shelfops-ingest", "shelfops-connection", "shelfops-embedded-postgres"]),
    ("shelfops-advisor", &["shelfops-connection"]),
    // Its tests reach a server over TCP with TLS, which testkit's does not speak.
    ("shelfops-connection", &["shelfops-embedded-postgres"]),
    ("shelfops-ingest", &[]),
    ("shelfops-simulators", &[]),
    ("shelfops-embedded-postgres", &[]),
    ("shelfops-testkit", &["shelfops-embedded-postgres"]),
];

/// Crates that may name any: nothing builds on them.
pub(super) const FREE: &[&str] = &["bench", "shelfops-bench", "xtask"];

/// What every crate's tests may name besides.
const FOR_TESTS: &[&str] = &["shelfops-simulators", "shelfops-testkit"];

/// Dependencies between our crates.
pub(super) struct DependencyEdges;

impl Check for DependencyEdges {
    fn name(&self) -> &'static str {
        "dependency-edges"
    }

    fn why(&self) -> &'static str {
        "a crate's boundary is there for what it forbids, and only a manifest forbids it for free"
    }

    fn findings(&self, repository: &Repository) -> Vec<Finding> {
        let manifests = manifests(repository);
        let ours: BTreeSet<&str> =
            manifests.iter().map(|manifest| manifest.name.as_str()).collect();
        let mut findings = Vec::new();
        for manifest in &manifests {
            let name = manifest.name.as_str();
            if FREE.contains(&name) {
                continue;
            }
            let Some((_, allowed)) = EDGES.iter().find(|(from, _)| *from == name) else {
                findings.push(Finding::new(
                    manifest.path,
                    1,
                    format!("{name} is not in the table of crates"),
                    "say in xtask/src/tidy/dependency_edges.rs which crates it may name",
                ));
                continue;
            };
            for dependency in &manifest.dependencies {
                let package = dependency.package.as_str();
                let is_allowed = allowed.contains(&package)
                    || package == name
                    || (dependency.is_for_tests && FOR_TESTS.contains(&package));
                if ours.contains(package) && !is_allowed {
                    findings.push(Finding::new(
                        manifest.path,
                        dependency.line,
                        format!("{name} may not depend on {package}"),
                        "move what both need down into a crate that both may name, or up",
                    ));
                }
            }
        }
        findings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(name: &str, rest: &str) -> String {
        format!("[package]\nname = \"{name}\"\n{rest}")
    }

    #[test]
    fn an_edge_upwards_or_sideways_is_found() {
        let repository = Repository::of(&[
            ("crates/ingest/Cargo.toml", &manifest("shelfops-ingest", "")),
            ("crates/testkit/Cargo.toml", &manifest("shelfops-testkit", "")),
            (
                "crates/db/Cargo.toml",
                &manifest(
                    "shelfops-db",
                    "[dependencies]\nshelfops-ingest.workspace = true\n[dev-dependencies]\nshelfops-testkit.workspace = true\n",
                ),
            ),
            (
                "crates/advisor/Cargo.toml",
                &manifest("shelfops-advisor", "[dependencies]\nshelfops-db.workspace = true\n"),
            ),
        ]);
        let findings = DependencyEdges.findings(&repository);
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert_eq!((findings[0].path.as_str(), findings[0].line), ("crates/advisor/Cargo.toml", 4));
    }

    #[test]
    fn a_new_crate_needs_its_row() {
        let repository =
            Repository::of(&[("crates/new/Cargo.toml", &manifest("shelfops-new", ""))]);
        assert_eq!(DependencyEdges.findings(&repository).len(), 1);
    }
}
