//! Drops what nobody declared, and what is in the way.

use super::create::noun;
use super::statement::{Site, Statement};
use super::{rights, timescale};
use crate::drift::schema::{Key, Kind};

/// Returns the statements that drop an object. Never with `cascade`: what would go along is dropped by
/// name before, or keeps the statement from running.
pub(super) fn drop(site: &Site<'_>, key: &Key) -> Vec<Statement> {
    let Some(object) = site.live.get(key) else { return Vec::new() };
    let (relation, name) = (key.qualified_relation(), &key.name);
    let statement = |sql: String| Statement::light(key, sql);
    let sql = match key.kind {
        Kind::Column => {
            let dropping = statement(format!("alter table {relation} drop column {name}"));
            let is_derived = !object.fact("generated").is_empty();
            return vec![if is_derived { dropping } else { dropping.destroying() }];
        }
        Kind::Table | Kind::Sequence => {
            let word = key.kind.word();
            return vec![statement(format!("drop {word} {}", key.qualified())).destroying()];
        }
        Kind::Extension | Kind::Schema => {
            return vec![statement(format!("drop {} {name}", key.kind.word())).destroying()];
        }
        Kind::Default => format!("alter table {relation} alter column {name} drop default"),
        Kind::Constraint => format!("alter table {relation} drop constraint {name}"),
        Kind::Index => {
            let schema = key.schema.as_deref().unwrap_or_default();
            let can_be_concurrent = !site.is_made_of_parts(key);
            let word = if can_be_concurrent { " concurrently" } else { "" };
            let dropping = statement(format!("drop index{word} {schema}.{name}"));
            return vec![if can_be_concurrent { dropping.alone() } else { dropping }];
        }
        Kind::Trigger | Kind::Policy | Kind::Rule => {
            format!("drop {} {name} on {relation}", key.kind.word())
        }
        Kind::EventTrigger => format!("drop event trigger {name}"),
        Kind::Role => format!("drop role {name}"),
        Kind::Type | Kind::Routine | Kind::Statistics | Kind::View | Kind::MaterializedView => {
            format!("drop {} {}", noun(key, Some(object)), key.qualified())
        }
        Kind::ContinuousAggregate => {
            return vec![
                statement(format!("drop materialized view {}", key.qualified())).destroying(),
            ];
        }
        Kind::Hypertable => return Vec::new(),
        Kind::Job => return timescale::drop_job(site, key),
        Kind::DefaultRights => return rights::set_defaults(key, Some(object), None),
        Kind::Grant => return rights::revoke(key, object),
    };
    vec![statement(sql)]
}
