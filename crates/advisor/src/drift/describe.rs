//! One relation of a schema with everything that belongs to it, and the DDL that makes it.

use super::reconcile::{Statement, reconcile};
use super::schema::{Key, Kind, Schema};

/// Returns the relations of a schema: what has columns and a name of its own.
pub fn relations(schema: &Schema) -> Vec<&Key> {
    schema.objects.keys().filter(|key| is_relation(key.kind)).collect()
}

/// Finds a relation by its name, with or without its schema; `public` comes first.
pub fn find<'s>(schema: &'s Schema, name: &str) -> Option<&'s Key> {
    let all = relations(schema);
    let named = |key: &&&Key| key.qualified() == name || key.name == name;
    let mut found: Vec<&&Key> = all.iter().filter(named).collect();
    found.sort_by_key(|key| (key.qualified() != name, key.schema.as_deref() != Some("public")));
    found.first().map(|key| **key)
}

/// Returns what belongs to a relation: columns, keys, indexes, policies, triggers, rights.
pub fn parts<'s>(schema: &'s Schema, relation: &Key) -> Vec<&'s Key> {
    let belongs = |key: &&Key| {
        key.relation_as(relation.kind).as_ref() == Some(relation)
            || key.kind == Kind::Hypertable
                && (&key.schema, &key.name) == (&relation.schema, &relation.name)
            || key.kind == Kind::Grant
                && schema.get(key).is_some_and(|object| object.requires.contains(relation))
    };
    schema.objects.keys().filter(belongs).collect()
}

/// Returns the statements that make a relation with everything that belongs to it.
pub fn ddl(schema: &Schema, relation: &Key) -> Vec<Statement> {
    let mut without = schema.clone();
    for key in parts(schema, relation) {
        without.objects.remove(key);
    }
    without.objects.remove(relation);
    reconcile(&without, schema).statements
}

const fn is_relation(kind: Kind) -> bool {
    matches!(kind, Kind::Table | Kind::View | Kind::MaterializedView | Kind::ContinuousAggregate)
}
