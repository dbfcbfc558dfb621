//! A role that row security does not hold for.

use super::{About, Rule};
use crate::lint::script::Action;
use crate::lint::{At, Findings, Severity};

/// A role that row security does not hold for.
pub(super) struct RoleBypassesIsolation;

const ABOUT: About = About {
    name: "role-bypasses-isolation",
    severity: Severity::Error,
    summary: "BYPASSRLS and SUPERUSER see the rows of every tenant; REPLICATION and CREATEROLE get to them.",
    why: "One query of such a role without its condition reads and writes what belongs to others.",
    remedy: "give the role `nobypassrls`, and the rights on tables that it needs",
    given: "",
    bad: "create role reporting login bypassrls;",
    good: "create role reporting login nobypassrls;",
};

impl Rule for RoleBypassesIsolation {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        let Action::Role(role) = &at.statement.action else { return };
        if let Some(option) = role.lifting_option() {
            findings.add(
                at.statement.span,
                format!("{option}: row security does not hold for this role"),
            );
        } else if let Some(way) = role.options.iter().find_map(|option| way_around(at, option)) {
            findings.add(at.statement.span, way).severity(Severity::Warning);
        }
    }
}

/// Says how a role with an option gets past row security, though it holds for the role itself.
fn way_around(at: &At<'_>, option: &str) -> Option<&'static str> {
    match option {
        "replication" => {
            Some("replication: whoever reads the stream of changes reads every tenant's")
        }
        "createrole" if at.state.server_version.is_none_or(|version| version < 16) => Some(
            "createrole: before PostgreSQL 16 it may make itself a member of the tables' owner",
        ),
        _ => None,
    }
}
