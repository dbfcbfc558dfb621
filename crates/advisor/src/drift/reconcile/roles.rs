//! Makes roles what they were declared to be: attributes, memberships and settings of their sessions.

use std::collections::BTreeSet;

use super::statement::{Statement, quoted};
use crate::drift::schema::{Key, Object};

/// Marks a setting that counts in one database only.
const IN_DATABASE: &str = " in this database";

/// Settings whose values are lists: quoted as a whole, the list would be one name.
const LISTS: [&str; 3] = ["search_path", "session_preload_libraries", "local_preload_libraries"];

/// Makes a role that is not there.
pub(super) fn create(key: &Key, object: &Object) -> Vec<Statement> {
    let mut statements = vec![Statement::light(key, format!("create role {} login", key.name))];
    let facts = object.facts.keys().map(String::as_str).collect();
    statements.extend(change(key, (&Object::default(), object), &facts));
    statements
}

/// Changes what differs.
pub(super) fn change(
    key: &Key,
    (live, declared): (&Object, &Object),
    facts: &BTreeSet<&str>,
) -> Vec<Statement> {
    facts
        .iter()
        .flat_map(|fact| {
            let (before, after) = (items(live, fact), items(declared, fact));
            let (surplus, missing) = (before.difference(&after), after.difference(&before));
            match *fact {
                "attributes" => {
                    let words: Vec<String> = surplus
                        .map(|word| format!("no{word}"))
                        .chain(missing.map(|word| (*word).to_owned()))
                        .collect();
                    vec![format!("alter role {} {}", key.name, words.join(" "))]
                }
                "member of" => surplus
                    .map(|group| membership("revoke", group, "from", &key.name))
                    .chain(missing.map(|group| membership("grant", group, "to", &key.name)))
                    .collect(),
                setting => vec![set(key, setting, declared.facts.get(setting))],
            }
        })
        .map(|sql| Statement::light(key, sql))
        .collect()
}

fn items<'o>(object: &'o Object, fact: &str) -> BTreeSet<&'o str> {
    object.fact(fact).split(", ").filter(|item| !item.is_empty()).collect()
}

/// Gives a membership or takes it, as the one who gave it where the server tells them apart.
fn membership(verb: &str, group: &str, link: &str, role: &str) -> String {
    match group.split_once(" granted by ") {
        Some((group, grantor)) => format!("{verb} {group} {link} {role} granted by {grantor}"),
        None => format!("{verb} {group} {link} {role}"),
    }
}

/// Sets what the role's sessions begin with, or takes it away.
fn set(key: &Key, fact: &str, value: Option<&String>) -> String {
    let setting = fact.strip_suffix(IN_DATABASE).unwrap_or(fact);
    let change = match value {
        Some(value) if LISTS.contains(&setting) => format!("set {setting} = {value}"),
        Some(value) => format!("set {setting} = {}", quoted(value)),
        None => format!("reset {setting}"),
    };
    if setting == fact {
        return format!("alter role {} {change}", key.name);
    }
    // The same plan may be for a copy, which is called otherwise.
    let role = key.name.replace('%', "%%");
    let text = quoted(&format!("alter role {role} in database %I {}", change.replace('%', "%%")));
    format!("do $$ begin execute format({text}, current_database()); end $$")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drift::schema::Kind;

    fn changed(live: &[(&str, &str)], declared: &[(&str, &str)]) -> Vec<String> {
        let key = Key { kind: Kind::Role, schema: None, relation: None, name: "clerk".to_owned() };
        let object = |facts: &[(&str, &str)]| Object {
            facts: facts.iter().map(|(fact, value)| ((*fact).into(), (*value).into())).collect(),
            ..Object::default()
        };
        let names = live.iter().chain(declared).map(|(fact, _)| *fact).collect();
        let statements = change(&key, (&object(live), &object(declared)), &names);
        statements.into_iter().map(|statement| statement.sql).collect()
    }

    #[test]
    fn a_membership_is_taken_from_each_who_gave_it() {
        let live = [("member of", "admins granted by ann, admins granted by bob")];
        assert_eq!(
            changed(&live, &[]),
            ["revoke admins from clerk granted by ann", "revoke admins from clerk granted by bob"]
        );
        assert_eq!(changed(&[], &[("member of", "admins")]), ["grant admins to clerk"]);
    }

    #[test]
    fn lists_stay_lists_and_other_values_are_quoted() {
        let declared = [("search_path", "\"$user\", public"), ("statement_timeout", "it's")];
        assert_eq!(
            changed(&[("lock_timeout", "1s")], &declared),
            [
                "alter role clerk reset lock_timeout",
                "alter role clerk set search_path = \"$user\", public",
                "alter role clerk set statement_timeout = 'it''s'"
            ]
        );
    }

    #[test]
    fn a_setting_of_one_database_is_changed_in_whichever_that_is() {
        assert_eq!(
            changed(&[], &[("role in this database", "50%")]),
            ["do $$ begin execute format('alter role clerk in database %I set role = ''50%%''', \
              current_database()); end $$"]
        );
    }
}
