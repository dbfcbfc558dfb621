//! A role that becomes one for which policies do not hold.

use super::{About, Rule};
use crate::lint::script::action::{Action, Change};
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

/// Roles that every server has and that have a right on every table.
const READING_ALL: &[&str] = &["pg_read_all_data", "pg_write_all_data"];

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
        let pairs = memberships(&at.statement.action);
        let known = &at.state.roles;
        for (role, member) in &pairs {
            if known.unbound.contains(member) {
                continue;
            }
            let is_owner = known.owners.contains(role) || has_word(role, OWNING);
            let is_unbound = known.unbound.contains(role) || MIGHTY.contains(&role.as_str());
            let has_tenants = at.profile.tenant_column.is_some();
            if is_unbound {
                let message = format!("`{member}` may become `{role}`, for which no policy holds");
                findings.add(at.statement.span, message);
            } else if is_owner && known.bound.contains(member) && !changes_schema(member) {
                let message = format!(
                    "`{member}`, which policies are for, has the rights of their owner `{role}`"
                );
                findings.add(at.statement.span, message);
            } else if is_owner && has_tenants && !changes_schema(member) {
                let message =
                    format!("`{member}` has the rights of `{role}`, which may switch policies off");
                findings.add(at.statement.span, message).severity(Severity::Warning);
            } else if has_tenants && READING_ALL.contains(&role.as_str()) {
                let message = format!(
                    "`{member}` reaches every table by `{role}`, also partitions and stored results \
                     that no policy guards"
                );
                findings.add(at.statement.span, message).severity(Severity::Warning);
            }
        }
        for (owner, table) in new_owners(at) {
            let is_new = !known.owners.contains(owner);
            if is_new && known.bound.contains(owner) && !changes_schema(owner) {
                let message = format!(
                    "{table} belongs to `{owner}`, which policies are for, from here on: it may switch them off"
                );
                findings.add(at.statement.span, message);
            }
        }
    }
}

/// Returns the roles that others become members of, each with its member.
fn memberships(action: &Action) -> Vec<(String, String)> {
    let each = |roles: &[String], members: &[String]| -> Vec<(String, String)> {
        let of =
            |role: &String| members.iter().map(|member| (role.clone(), member.clone())).collect();
        roles.iter().flat_map(|role| -> Vec<(String, String)> { of(role) }).collect()
    };
    match action {
        Action::Grant(grant) => each(&grant.roles(), &grant.to),
        Action::Role(role) => {
            let itself: Vec<String> = role.name.iter().cloned().collect();
            let mut pairs = each(&role.member_of, &itself);
            pairs.extend(each(&itself, &role.members));
            pairs
        }
        _ => Vec::new(),
    }
}

/// Returns the roles that tables belong to from here on, each with the tables in words.
fn new_owners<'a>(at: &'a At<'_>) -> Vec<(&'a String, String)> {
    match &at.statement.action {
        Action::AlterTable(alter) => alter
            .changes
            .iter()
            .filter(|_| at.state.is_guarded(&alter.table))
            .filter_map(|(_, change)| match change {
                Change::OwnerTo(owner) => Some((owner, format!("`{}`", alter.table))),
                _ => None,
            })
            .collect(),
        Action::Reassign(owners) => {
            owners.iter().map(|owner| (owner, "what is reassigned".to_owned())).collect()
        }
        _ => Vec::new(),
    }
}

/// Whether a role is for migrations, by its name; whoever runs this one is.
fn changes_schema(role: &str) -> bool {
    matches!(role, "current_user" | "current_role" | "session_user") || has_word(role, CHANGING)
}

fn has_word(role: &str, words: &[&str]) -> bool {
    role.split(['_', '-']).any(|word| words.contains(&word))
}
