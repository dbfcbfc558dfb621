//! Outside dependencies stay in their rooms: who may speak SQL, HTTP, or to the terminal.
//!
//! What only tests have is not judged: it cannot reach the product.

use super::dependency_edges::FREE;
use super::manifests::manifests;
use super::repository::Repository;
use super::{Check, Finding};

/// Packages, the crates that may name them, and what they are.
struct Room {
    packages: &'static [&'static str],
    crates: &'static [&'static str],
    what: &'static str,
}

const ROOMS: &[Room] = &[
    Room {
        packages: &["tokio-postgres", "deadpool-postgres", "postgres", "sqlx", "diesel"],
        crates: &["shelfops-connection", "shelfops-db", "shelfops-advisor", "shelfops-testkit"],
        what: "the PostgreSQL client",
    },
    Room {
        packages: &["tokio-postgres-rustls"],
        crates: &["shelfops-connection"],
        what: "TLS to PostgreSQL",
    },
    Room { packages: &["graphile_worker"], crates: &["shelfops-db"], what: "the job queue" },
    Room {
        packages: &["pg_query", "sqlparser", "squawk-linter", "squawk-syntax", "squawk-parser"],
        crates: &["shelfops-advisor"],
        what: "the SQL parser",
    },
    Room {
        packages: &["reqwest", "ureq", "isahc"],
        // Vendors send webhooks, and so do their stand-ins.
        crates: &["shelfops-integrations", "shelfops-simulators"],
        what: "the HTTP client",
    },
    Room {
        packages: &["axum", "hyper", "hyper-util"],
        crates: &["shelfops", "shelfops-simulators"],
        what: "the HTTP server",
    },
    Room {
        packages: &["clap", "clap_complete", "clap_mangen", "anyhow"],
        crates: &["shelfops"],
        what: "for the edge of a program, not for a library",
    },
    Room { packages: &["rmcp"], crates: &["shelfops"], what: "the MCP server" },
];

/// Outside dependencies of our crates.
pub(super) struct DependencyRooms;

impl Check for DependencyRooms {
    fn name(&self) -> &'static str {
        "dependency-rooms"
    }

    fn why(&self) -> &'static str {
        "who cannot name a library cannot do its work in the wrong place: no SQL in a handler, no \
         HTTP in the pipeline"
    }

    fn findings(&self, repository: &Repository) -> Vec<Finding> {
        let mut findings = Vec::new();
        for manifest in manifests(repository) {
            if FREE.contains(&manifest.name.as_str()) {
                continue;
            }
            for dependency in manifest.dependencies.iter().filter(|each| !each.is_for_tests) {
                let package = dependency.package.as_str();
                for room in ROOMS.iter().filter(|room| room.packages.contains(&package)) {
                    if !room.crates.contains(&manifest.name.as_str()) {
                        findings.push(Finding::new(
                            manifest.path,
                            dependency.line,
                            format!("{} may not name {package}, {}", manifest.name, room.what),
                            format!("do it in {}, and call that", room.crates.join(" or ")),
                        ));
                    }
                }
            }
        }
        findings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_in_the_wrong_room_is_found_and_one_for_tests_is_not() {
        let wrong = "[package]\nname = \"shelfops\"\n[dependencies]\nclap = \"4\"\ntokio-postgres = \"0.7\"\n";
        let for_tests =
            "[package]\nname = \"shelfops-ingest\"\n[dev-dependencies]\nreqwest = \"0.13\"\n";
        let repository = Repository::of(&[
            ("crates/shelfops/Cargo.toml", wrong),
            ("crates/ingest/Cargo.toml", for_tests),
        ]);
        let findings = DependencyRooms.findings(&repository);
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert_eq!(findings[0].line, 5);
    }
}
