//! A role that becomes one for which policies do not hold.

use super::{About, Rule};
use crate::lint::script::Action;
use crate::lint::{At, Findings, Severity};

/// A role that becomes one for which policies do not hold.
pub(super) struct MembershipLiftsIsolation;

const ABOUT: About = About {
    name: "membership-lifts-isolation",
    severity: Severity::Error,
    summary: "A member of the tables' owner, or of a role that passes policies, sees every tenant.",
    why: "A member has the owner's rights: it may switch row security off, drop policies, and passes \
        those that are not forced. As a member of a superuser or a role with BYPASSRLS it only has to say \
        SET ROLE.",
    remedy: "grant the rights on tables that the role needs; keep the owner for migrations",
    given: "\
create table stores (tenant_id uuid not null, id bigint, name text, primary key (tenant_id, id));
alter table stores owner to shop_owner;
alter table stores enable row level security;
alter table stores force row level security;
create policy isolation on stores using (tenant_id = current_setting('app.tenant')::uuid);
grant select on stores to app;",
    bad: "grant shop_owner to app;",
    good: "grant select, insert, update, delete on stores to app;",
};

/// Roles that every server has and that read or write its files: nothing holds them.
const MIGHTY: &[&str] =
    &["pg_execute_server_program", "pg_read_server_files", "pg_write_server_files"];

/// Words in names of roles that tables belong to, where nobody told whose they are.
const OWNING: &[&str] = &["owner", "postgres", "superuser", "root", "dba"];

/// Words in names of roles that change the schema, and so have to be the owner.
const CHANGING: &[&str] = &[
    "owner",
    "postgres",
    "migrator",
    "migration",
    "migrations",
    "migrate",
    "deploy",
    "deployer",
    "admin",
    "dba",
];

impl Rule for MembershipLiftsIsolation {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        // A half that takes back gives what was there before.
        if at.is_down() {
            return;
        }
        let (roles, members) = match &at.statement.action {
            Action::Grant(grant) => (grant.roles(), grant.to.clone()),
            Action::Role(role) => (role.member_of.clone(), role.name.iter().cloned().collect()),
            _ => return,
        };
        let known = &at.state.roles;
        for role in &roles {
            let is_owner = known.owners.contains(role) || has_word(role, OWNING);
            let is_unbound = known.unbound.contains(role) || MIGHTY.contains(&role.as_str());
            for member in members.iter().filter(|member| !known.unbound.contains(*member)) {
                if is_unbound {
                    let message =
                        format!("`{member}` may become `{role}`, for which no policy holds");
                    findings.add(at.statement.span, message);
                } else if is_owner && known.bound.contains(member) && !changes_schema(member) {
                    let message = format!(
                        "`{member}`, which policies are for, has the rights of their owner `{role}`"
                    );
                    findings.add(at.statement.span, message);
                } else if is_owner && at.profile.tenant_column.is_some() && !changes_schema(member)
                {
                    let message = format!(
                        "`{member}` has the rights of `{role}`, which may switch policies off"
                    );
                    findings.add(at.statement.span, message).severity(Severity::Warning);
                }
            }
        }
    }
}

/// Whether a role is for migrations, by its name; whoever runs this one is.
fn changes_schema(role: &str) -> bool {
    matches!(role, "current_user" | "current_role" | "session_user") || has_word(role, CHANGING)
}

fn has_word(role: &str, words: &[&str]) -> bool {
    role.split(['_', '-']).any(|word| words.contains(&word))
}
