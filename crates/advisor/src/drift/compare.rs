//! What differs between two schemas, told from the side of the one that is live.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use super::schema::{Key, Kind, Object, Schema};

/// A difference between what is there and what was declared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Difference {
    /// What it is about, in words.
    pub object: String,
    /// What it is about.
    pub key: Key,
    /// What differs.
    #[serde(flatten)]
    pub change: Change,
}

/// What differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "change", rename_all = "kebab-case")]
pub enum Change {
    /// It was declared and is not there.
    Missing,
    /// It is there and nobody declared it.
    Extra,
    /// It is there under another name.
    Renamed {
        /// What it is called now.
        live_name: String,
    },
    /// It is there, and different.
    Changed {
        /// Each fact that differs.
        facts: Vec<FactChange>,
    },
}

/// A fact that differs; none on a side where it is as usual.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FactChange {
    /// Which fact.
    pub fact: String,
    /// What was declared.
    pub declared: Option<String>,
    /// What is there.
    pub live: Option<String>,
}

/// Compares two schemas. Parts of what is missing or extra as a whole are not told again.
pub fn compare(live: &Schema, declared: &Schema) -> Vec<Difference> {
    let (live, mut differences) = renamed(live, declared);
    differences.extend(all(&live, declared).into_iter().filter(
        |difference| match difference.change {
            Change::Missing => !is_covered(&difference.key, declared, &live),
            Change::Extra => !is_covered(&difference.key, &live, declared),
            _ => true,
        },
    ));
    differences
}

/// Compares two schemas object by object; nothing is taken for renamed.
pub(super) fn all(live: &Schema, declared: &Schema) -> Vec<Difference> {
    let keys: BTreeSet<&Key> = live.objects.keys().chain(declared.objects.keys()).collect();
    keys.into_iter()
        .filter_map(|key| {
            let change = match (live.get(key), declared.get(key)) {
                (None, _) => Change::Missing,
                (_, None) => Change::Extra,
                (Some(live), Some(declared)) => Change::Changed { facts: facts(live, declared)? },
            };
            Some(Difference { object: key.to_string(), key: key.clone(), change })
        })
        .collect()
}

/// Returns the facts that differ; none where none does.
fn facts(live: &Object, declared: &Object) -> Option<Vec<FactChange>> {
    let names: BTreeSet<&String> = live.facts.keys().chain(declared.facts.keys()).collect();
    let differing: Vec<FactChange> = names
        .into_iter()
        .map(|fact| FactChange {
            fact: fact.clone(),
            declared: declared.facts.get(fact).cloned(),
            live: live.facts.get(fact).cloned(),
        })
        .filter(|change| change.declared != change.live)
        .collect();
    (!differing.is_empty()).then_some(differing)
}

/// Whether what an object of `here` is a part of is itself not in `there`.
pub(super) fn is_covered(key: &Key, here: &Schema, there: &Schema) -> bool {
    wholes(key, here).iter().any(|whole| here.get(whole).is_some() && there.get(whole).is_none())
}

/// Returns what an object goes with, were that dropped.
fn wholes(key: &Key, schema: &Schema) -> Vec<Key> {
    if key.kind == Kind::Grant {
        return schema.get(key).map_or_else(Vec::new, |it| it.requires.iter().cloned().collect());
    }
    let relations = [
        Kind::Table,
        Kind::View,
        Kind::MaterializedView,
        Kind::ContinuousAggregate,
        Kind::Hypertable,
    ];
    let mut found: Vec<Key> = relations
        .into_iter()
        .filter(|kind| *kind != Kind::Hypertable || key.kind == Kind::Job)
        .filter_map(|kind| key.relation_as(kind))
        .collect();
    match key.kind {
        Kind::Default => found.push(Key { kind: Kind::Column, ..key.clone() }),
        Kind::Hypertable => found.push(Key { kind: Kind::Table, ..key.clone() }),
        _ => {}
    }
    if let Some(name) = &key.schema {
        found.push(Key { kind: Kind::Schema, schema: None, relation: None, name: name.clone() });
    }
    found
}

/// Finds what is there under another name, and returns the live schema with the declared names.
///
/// A column counts as renamed where it stands at the same place of its table with the same facts: one
/// that was dropped and made anew stands elsewhere. Tables, constraints and indexes count as renamed
/// where there is one of each and they are alike in all but their names.
pub(super) fn renamed(live: &Schema, declared: &Schema) -> (Schema, Vec<Difference>) {
    let mut settled = live.clone();
    let mut differences = Vec::new();
    for kind in [Kind::Table, Kind::Column, Kind::Constraint, Kind::Index] {
        for (old, new) in pairs(&settled, declared, kind) {
            let change = Change::Renamed { live_name: old.name.clone() };
            settled = with_name(&settled, &old, &new);
            differences.push(Difference { object: new.to_string(), key: new, change });
        }
    }
    (settled, differences)
}

fn pairs(live: &Schema, declared: &Schema, kind: Kind) -> Vec<(Key, Key)> {
    let only_in = |here: &Schema, there: &Schema| -> Vec<Key> {
        here.objects
            .keys()
            .filter(|key| key.kind == kind && there.get(key).is_none())
            .filter(|key| !is_covered(key, here, there))
            .cloned()
            .collect()
    };
    let (extra, missing) = (only_in(live, declared), only_in(declared, live));
    let alike = |new: &Key| -> Vec<&Key> {
        extra.iter().filter(|old| is_alike(live, old, declared, new)).collect()
    };
    missing
        .iter()
        .filter_map(|new| match alike(new).as_slice() {
            [old] => Some(((*old).clone(), new.clone())),
            _ => None,
        })
        // One that two could have been is neither.
        .filter(|(old, new)| {
            missing.iter().all(|other| other == new || !alike(other).contains(&old))
        })
        .collect()
}

fn is_alike(live: &Schema, old: &Key, declared: &Schema, new: &Key) -> bool {
    if (&old.schema, &old.relation) != (&new.schema, &new.relation) {
        return false;
    }
    let (Some(left), Some(right)) = (live.get(old), declared.get(new)) else { return false };
    match old.kind {
        Kind::Column => left.facts == right.facts && left.ddl == right.ddl,
        Kind::Table => {
            let columns = |schema: &Schema, table: &Key| -> Vec<(String, Object)> {
                schema
                    .objects
                    .iter()
                    .filter(|(key, _)| key.kind == Kind::Column)
                    .filter(|(key, _)| key.relation_as(Kind::Table).as_ref() == Some(table))
                    .map(|(key, object)| {
                        let facts = object.facts.clone();
                        (key.name.clone(), Object { facts, ..Object::default() })
                    })
                    .collect()
            };
            left.facts == right.facts && columns(live, old) == columns(declared, new)
        }
        _ => {
            let mut facts = left.facts.clone();
            for value in facts.values_mut() {
                *value = replace_word(value, &old.name, &new.name);
            }
            facts == right.facts
        }
    }
}

/// Returns a schema in which an object, and all that speaks of it, has another name.
fn with_name(schema: &Schema, old: &Key, new: &Key) -> Schema {
    let (old_table, new_table) = (old.qualified(), new.qualified());
    let in_text = |key: &Key, text: &str| match old.kind {
        Kind::Table => replace_word(text, &old_table, &new_table),
        _ if key.relation == old.relation && key.schema == old.schema => {
            replace_word(text, &old.name, &new.name)
        }
        _ => text.to_owned(),
    };
    let in_key = |key: &Key| -> Key {
        let mut key = key.clone();
        if key == *old {
            return new.clone();
        }
        let is_about_it = match old.kind {
            Kind::Table => key.schema == old.schema && key.relation.as_ref() == Some(&old.name),
            _ => false,
        };
        if is_about_it {
            key.relation = Some(new.name.clone());
        } else if old.kind == Kind::Table && key.kind == Kind::Grant {
            key.relation = key.relation.map(|on| replace_word(&on, &old_table, &new_table));
        } else {
            let is_its_name = match (old.kind, key.kind) {
                (Kind::Table, Kind::Hypertable) => key.schema == old.schema && key.name == old.name,
                (Kind::Column, Kind::Default) => {
                    (&key.schema, &key.relation, &key.name)
                        == (&old.schema, &old.relation, &old.name)
                }
                _ => false,
            };
            if is_its_name {
                key.name.clone_from(&new.name);
            }
        }
        key
    };
    let objects = schema.objects.iter().map(|(key, object)| {
        let facts = object.facts.iter().map(|(name, value)| {
            // What is written for people stays as it is.
            let is_text = name == "comment" || name == "body";
            (name.clone(), if is_text { value.clone() } else { in_text(key, value) })
        });
        let requires = object.requires.iter().map(in_key);
        let object = Object {
            facts: facts.collect(),
            ddl: object.ddl.clone(),
            requires: requires.collect(),
        };
        (in_key(key), object)
    });
    Schema { server_version: schema.server_version, objects: objects.collect() }
}

/// Replaces a name where it stands as a whole.
fn replace_word(text: &str, old: &str, new: &str) -> String {
    let is_part = |letter: Option<char>| {
        letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_' || letter == '"')
    };
    let mut replaced = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(old) {
        let (before, behind) = (&rest[..at], &rest[at + old.len()..]);
        let last = before.chars().next_back().or_else(|| replaced.chars().next_back());
        replaced.push_str(before);
        let is_whole = !is_part(last) && !is_part(behind.chars().next());
        replaced.push_str(if is_whole { new } else { old });
        rest = behind;
    }
    replaced.push_str(rest);
    replaced
}

#[cfg(test)]
mod tests {
    use super::replace_word;

    #[test]
    fn a_name_is_replaced_where_it_stands_as_a_whole() {
        assert_eq!(replace_word("(city <> city_code)", "city", "town"), "(town <> city_code)");
        assert_eq!(replace_word("cities, \"city\"", "city", "town"), "cities, \"city\"");
        assert_eq!(replace_word("city", "city", "town"), "town");
        assert_eq!(replace_word("citycity city", "city", "town"), "citycity town");
    }
}
