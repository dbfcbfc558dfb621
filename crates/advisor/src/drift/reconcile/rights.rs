//! Gives rights and takes them.

use std::collections::BTreeSet;

use super::create::in_parentheses;
use super::statement::{Site, Statement};
use crate::drift::schema::{Key, Kind, Object};

/// What stands behind a right that can be handed on.
const GRANTABLE: &str = " with grant option";

/// A right that can be handed on, or not.
fn split(privilege: &str) -> (&str, bool) {
    match privilege.strip_suffix(GRANTABLE) {
        Some(plain) => (plain, true),
        None => (privilege, false),
    }
}

fn privileges(object: &Object) -> BTreeSet<&str> {
    object.fact("privileges").split(", ").filter(|it| !it.is_empty()).collect()
}

/// Writes a statement about rights on whatever the key is about.
fn on(
    key: &Key,
    object: &Object,
    (verb, link, behind): (&str, &str, &str),
    list: &[&str],
) -> String {
    let columns = in_parentheses("", object.fact("column"));
    let list: Vec<String> = list.iter().map(|privilege| format!("{privilege}{columns}")).collect();
    let target = key.relation.as_deref().unwrap_or_default();
    let to = object.fact("to");
    let list = list.join(", ");
    if target == "database" {
        // The same plan may be for a copy, which is called otherwise.
        return format!(
            "do $$ begin execute format('{verb} {list} on database %I {link} {to}{behind}', \
             current_database()); end $$"
        );
    }
    format!("{verb} {list} on {target} {link} {to}{behind}")
}

/// Gives all of them.
pub(super) fn grant(key: &Key, object: &Object) -> Vec<Statement> {
    give(key, object, &privileges(object))
}

fn give(key: &Key, object: &Object, wanted: &BTreeSet<&str>) -> Vec<Statement> {
    [(false, ""), (true, GRANTABLE)]
        .into_iter()
        .filter_map(|(grantable, behind)| {
            let list: Vec<&str> = wanted
                .iter()
                .map(|privilege| split(privilege))
                .filter(|(_, is_grantable)| *is_grantable == grantable)
                .map(|(plain, _)| plain)
                .collect();
            let sql = on(key, object, ("grant", "to", behind), &list);
            (!list.is_empty()).then(|| Statement::light(key, sql))
        })
        .collect()
}

/// Takes all of them.
pub(super) fn revoke(key: &Key, object: &Object) -> Vec<Statement> {
    let list: Vec<&str> = privileges(object).into_iter().map(|it| split(it).0).collect();
    vec![Statement::light(key, on(key, object, ("revoke", "from", ""), &list))]
}

/// Gives those that are missing, and takes those that nobody declared.
pub(super) fn change(key: &Key, (live, declared): (&Object, &Object)) -> Vec<Statement> {
    let (before, after) = (privileges(live), privileges(declared));
    let surplus: Vec<&str> = before.difference(&after).map(|it| split(it).0).collect();
    let missing: BTreeSet<&str> = after.difference(&before).copied().collect();
    let mut statements = Vec::new();
    if !surplus.is_empty() {
        let sql = on(key, live, ("revoke", "from", ""), &surplus);
        statements.push(Statement::light(key, sql));
    }
    statements.extend(give(key, declared, &missing));
    statements
}

/// Closes a new function to everybody, unless it was declared open: the server opens each to all.
pub(super) fn close(site: &Site<'_>, key: &Key) -> Option<Statement> {
    let target = format!("routine {}", key.qualified());
    let open = Key {
        kind: Kind::Grant,
        schema: key.schema.clone(),
        relation: Some(target.clone()),
        name: "public".to_owned(),
    };
    let is_closed = site.declared.get(&open).is_none();
    is_closed.then(|| Statement::light(key, format!("revoke all on {target} from public")))
}

/// Sets the rights that objects of a role will have.
pub(super) fn set_defaults(
    key: &Key,
    live: Option<&Object>,
    declared: Option<&Object>,
) -> Vec<Statement> {
    let usual = live.or(declared).and_then(|object| object.ddl.as_deref()).unwrap_or_default();
    let (before, after) = (lines(live, usual), lines(declared, usual));
    let role = key.relation.as_deref().unwrap_or_default();
    let place =
        key.schema.as_ref().map(|schema| format!(" in schema {schema}")).unwrap_or_default();
    let alter = format!("alter default privileges for role {role}{place}");
    let word = &key.name;
    let taken = before.difference(&after).filter_map(|line| {
        let (grantee, privilege) = line.split_once(": ")?;
        let (plain, _) = split(privilege);
        Some(format!("{alter} revoke {plain} on {word} from {grantee}"))
    });
    let given = after.difference(&before).filter_map(|line| {
        let (grantee, privilege) = line.split_once(": ")?;
        let (plain, is_grantable) = split(privilege);
        let behind = if is_grantable { GRANTABLE } else { "" };
        Some(format!("{alter} grant {plain} on {word} to {grantee}{behind}"))
    });
    taken.chain(given).map(|sql| Statement::light(key, sql)).collect()
}

/// Returns each right as `role: right`; where nothing is set, those that there are usually.
fn lines<'o>(object: Option<&'o Object>, usual: &'o str) -> BTreeSet<&'o str> {
    let text = object.map_or(usual, |object| object.fact("rights"));
    text.split(", ").filter(|line| line.contains(": ")).collect()
}
