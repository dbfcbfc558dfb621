//! Makes what is missing.

use super::statement::{Site, Statement, quoted};
use super::{rights, roles, timescale};
use crate::drift::schema::{Key, Kind, Object};

/// Returns the statements that make an object as it was declared, with its owner and comment.
pub(super) fn create(site: &Site<'_>, key: &Key) -> Vec<Statement> {
    let Some(object) = site.declared.get(key) else { return Vec::new() };
    let mut statements = itself(site, key, object);
    if let Some(owner) = object.facts.get("owner") {
        statements.extend(set_owner(key, owner));
    }
    if let Some(comment) = object.facts.get("comment") {
        statements.push(set_comment(key, Some(comment)));
    }
    if key.kind == Kind::Routine {
        statements.extend(rights::close(site, key));
    }
    statements
}

fn itself(site: &Site<'_>, key: &Key, object: &Object) -> Vec<Statement> {
    let one = |sql: String| vec![Statement::light(key, sql)];
    let definition = object.fact("definition");
    match key.kind {
        Kind::Role => roles::create(key, object),
        Kind::Extension => one(format!(
            "create extension if not exists {} with schema {}",
            key.name,
            object.fact("schema")
        )),
        Kind::Schema => one(format!("create schema {}", key.name)),
        Kind::Type => one(create_type(key, object)),
        Kind::Routine => one(object.ddl.clone().unwrap_or_default().trim_end().to_owned()),
        Kind::Table => table(site, key, object),
        Kind::Column => column(site, key, object),
        Kind::Sequence => sequence(key, object),
        Kind::Default => one(format!(
            "alter table {} alter column {} set default {}",
            key.qualified_relation(),
            key.name,
            object.fact("expression")
        )),
        Kind::Constraint => constraint(site, key, object),
        Kind::Index => index(site, key, object),
        Kind::Statistics | Kind::Rule => one(definition.to_owned()),
        Kind::View => {
            let options = in_parentheses(" with", object.fact("options"));
            one(format!("create view {}{options} as\n{definition}", key.qualified()))
        }
        Kind::MaterializedView => vec![
            Statement::light(
                key,
                format!("create materialized view {} as\n{definition}", key.qualified()),
            )
            .heavy(),
        ],
        Kind::Trigger => {
            let mut statements = one(definition.to_owned());
            statements.extend(firing(key, object.fact("fires")));
            statements
        }
        Kind::EventTrigger => event_trigger(key, object),
        Kind::Policy => one(policy(key, object)),
        Kind::Hypertable => timescale::create_hypertable(site, key, object),
        Kind::ContinuousAggregate => timescale::create_aggregate(key, object),
        Kind::Job => timescale::create_job(site, key, object),
        Kind::DefaultRights => rights::set_defaults(key, site.live.get(key), Some(object)),
        Kind::Grant => rights::grant(key, object),
    }
}

/// Writes what stands in parentheses behind a word; nothing where there is nothing.
pub(super) fn in_parentheses(word: &str, inner: &str) -> String {
    if inner.is_empty() { String::new() } else { format!("{word} ({inner})") }
}

fn create_type(key: &Key, object: &Object) -> String {
    let name = key.qualified();
    match object.fact("kind") {
        "enum" => format!("create type {name} as enum ({})", object.fact("labels")),
        "domain" => {
            let mut sql = format!("create domain {name} as {}", object.fact("base"));
            for (word, fact) in [(" collate ", "collation"), (" default ", "default")] {
                if !object.fact(fact).is_empty() {
                    sql.push_str(word);
                    sql.push_str(object.fact(fact));
                }
            }
            for fact in ["null", "checks"] {
                if !object.fact(fact).is_empty() {
                    sql.push(' ');
                    sql.push_str(object.fact(fact));
                }
            }
            sql
        }
        "range" => format!("create type {name} as range (subtype = {})", object.fact("subtype")),
        _ => format!("create type {name} as ({})", object.fact("attributes")),
    }
}

fn table(site: &Site<'_>, key: &Key, object: &Object) -> Vec<Statement> {
    let mut columns: Vec<(&Key, &Object)> = site
        .declared
        .objects
        .iter()
        .filter(|(column, _)| column.kind == Kind::Column)
        .filter(|(column, _)| column.relation_as(Kind::Table).as_ref() == Some(key))
        .collect();
    let place = |object: &Object| -> i32 {
        object.ddl.as_deref().and_then(|place| place.parse().ok()).unwrap_or_default()
    };
    columns.sort_by_key(|(_, object)| place(object));
    let lines: Vec<String> = columns
        .iter()
        .map(|(column, object)| format!("    {}", column_definition(column, object)))
        .collect();
    let unlogged = if object.fact("persistence").is_empty() { "" } else { "unlogged " };
    let name = key.qualified();
    let mut sql = format!("create {unlogged}table {name} (\n{}\n)", lines.join(",\n"));
    sql.push_str(&in_parentheses(" inherits", object.fact("inherits")));
    if !object.fact("partitioned by").is_empty() {
        sql.push_str(" partition by ");
        sql.push_str(object.fact("partitioned by"));
    }
    sql.push_str(&in_parentheses(" with", object.fact("storage parameters")));
    if !object.fact("tablespace").is_empty() {
        sql.push_str(" tablespace ");
        sql.push_str(object.fact("tablespace"));
    }
    let mut statements = vec![Statement::light(key, sql)];
    for (fact, change) in [
        ("row security", "enable row level security"),
        ("row security of the owner", "force row level security"),
    ] {
        if !object.fact(fact).is_empty() {
            statements.push(Statement::light(key, format!("alter table {name} {change}")));
        }
    }
    if !object.fact("replica identity").is_empty() {
        let identity = object.fact("replica identity");
        let sql = format!("alter table {name} replica identity {identity}");
        statements.push(Statement::light(key, sql));
    }
    for (column, object) in columns {
        statements.extend(column_settings(column, object));
        if let Some(comment) = object.facts.get("comment") {
            statements.push(set_comment(column, Some(comment)));
        }
    }
    statements
}

/// Writes a column as it stands in a table's definition.
fn column_definition(key: &Key, object: &Object) -> String {
    let mut sql = format!("{} {}", key.name, object.fact("type"));
    if !object.fact("collation").is_empty() {
        sql.push_str(" collate ");
        sql.push_str(object.fact("collation"));
    }
    if !object.fact("generated").is_empty() {
        // Before version 18 all of them are stored, and the word is needed.
        sql.push_str(" generated always as ");
        sql.push_str(object.fact("generated"));
    }
    if !object.fact("identity").is_empty() {
        sql.push_str(&format!(" generated {} as identity", object.fact("identity")));
        sql.push_str(&in_parentheses("", object.fact("identity sequence")));
    }
    if !object.fact("null").is_empty() {
        sql.push_str(" not null");
    }
    sql
}

/// What a column's definition cannot say.
fn column_settings(key: &Key, object: &Object) -> Vec<Statement> {
    let relation = key.qualified_relation();
    ["storage", "compression", "statistics"]
        .into_iter()
        .filter(|setting| !object.fact(setting).is_empty())
        .map(|setting| {
            let value = object.fact(setting);
            let column = &key.name;
            Statement::light(
                key,
                format!("alter table {relation} alter column {column} set {setting} {value}"),
            )
        })
        .collect()
}

fn column(site: &Site<'_>, key: &Key, object: &Object) -> Vec<Statement> {
    let mut sql = format!(
        "alter table {} add column {}",
        key.qualified_relation(),
        column_definition(key, object)
    );
    let default = Key { kind: Kind::Default, ..key.clone() };
    if has_inline_default(site, &default)
        && let Some(found) = site.declared.get(&default)
    {
        sql.push_str(" default ");
        sql.push_str(found.fact("expression"));
    }
    let is_rewriting = ["generated", "identity"].iter().any(|fact| !object.fact(fact).is_empty());
    let statement = Statement::light(key, sql);
    let mut statements = vec![if is_rewriting { statement.heavy() } else { statement }];
    statements.extend(column_settings(key, object));
    statements
}

/// Whether a new column's default is part of the statement that adds it: so that rows get it, unless it
/// needs something that is made later.
pub(super) fn has_inline_default(site: &Site<'_>, default: &Key) -> bool {
    let column = Key { kind: Kind::Column, ..default.clone() };
    site.declared.get(default).is_some_and(|object| {
        !object.requires.iter().any(|needed| {
            *needed != column && needed.kind != Kind::Table && site.created.contains(needed)
        })
    })
}

/// Writes a sequence's settings as both `create` and `alter` take them.
pub(super) fn sequence_settings(object: &Object) -> String {
    let cycle = if object.fact("cycle").is_empty() { "no cycle" } else { "cycle" };
    format!(
        "as {} increment by {} minvalue {} maxvalue {} start with {} cache {} {cycle}",
        object.fact("type"),
        object.fact("increment"),
        object.fact("minimum"),
        object.fact("maximum"),
        object.fact("start"),
        object.fact("cache"),
    )
}

fn sequence(key: &Key, object: &Object) -> Vec<Statement> {
    let unlogged = if object.fact("persistence").is_empty() { "" } else { "unlogged " };
    let name = key.qualified();
    let settings = sequence_settings(object);
    let mut statements =
        vec![Statement::light(key, format!("create {unlogged}sequence {name} {settings}"))];
    if !object.fact("owned by").is_empty() {
        let owner = object.fact("owned by");
        statements.push(Statement::light(key, format!("alter sequence {name} owned by {owner}")));
    }
    statements
}

fn constraint(site: &Site<'_>, key: &Key, object: &Object) -> Vec<Statement> {
    let (relation, name) = (key.qualified_relation(), &key.name);
    let definition = object.fact("definition");
    let add = format!("alter table {relation} add constraint {name} {definition}");
    let is_valid = object.fact("valid").is_empty();
    // Checked in a second step, rows are read while others go on writing.
    let can_wait = definition.starts_with("FOREIGN KEY") || definition.starts_with("CHECK");
    if !can_wait || site.is_new(key) || site.is_made_of_parts(key) {
        let statement = Statement::light(key, add);
        return vec![if site.is_new(key) { statement } else { statement.heavy() }];
    }
    let mut statements = vec![Statement::light(key, format!("{add} not valid"))];
    if is_valid {
        let sql = format!("alter table {relation} validate constraint {name}");
        statements.push(Statement::light(key, sql).heavy().alone());
    }
    statements
}

fn index(site: &Site<'_>, key: &Key, object: &Object) -> Vec<Statement> {
    let definition = object.fact("definition");
    let can_be_concurrent = !site.is_new(key) && !site.is_made_of_parts(key);
    let build =
        if can_be_concurrent {
            let sql = definition
                .replacen("CREATE INDEX ", "create index concurrently ", 1)
                .replacen("CREATE UNIQUE INDEX ", "create unique index concurrently ", 1);
            Statement::light(key, sql).heavy().alone()
        } else if site.is_new(key) {
            Statement::light(key, definition)
        } else {
            Statement::light(key, definition).heavy()
        };
    let mut statements = vec![build];
    let relation = key.qualified_relation();
    if !object.fact("replica identity").is_empty() {
        let sql = format!("alter table {relation} replica identity using index {}", key.name);
        statements.push(Statement::light(key, sql));
    }
    if !object.fact("clustered").is_empty() {
        let sql = format!("alter table {relation} cluster on {}", key.name);
        statements.push(Statement::light(key, sql));
    }
    statements
}

/// When a trigger or rule fires, where it is not as usual.
pub(super) fn firing(key: &Key, fires: &str) -> Option<Statement> {
    let word = match fires {
        "never" => "disable",
        "always" => "enable always",
        "on replicas" => "enable replica",
        _ => return None,
    };
    Some(set_firing(key, word))
}

/// Sets when a trigger or rule fires.
pub(super) fn set_firing(key: &Key, word: &str) -> Statement {
    let noun = if key.kind == Kind::Rule { "rule" } else { "trigger" };
    let relation = key.qualified_relation();
    Statement::light(key, format!("alter table {relation} {word} {noun} {}", key.name))
}

fn event_trigger(key: &Key, object: &Object) -> Vec<Statement> {
    let tags = in_parentheses(" when tag in", object.fact("tags"));
    let sql = format!(
        "create event trigger {} on {}{tags} execute function {}",
        key.name,
        object.fact("event"),
        object.fact("function")
    );
    let mut statements = vec![Statement::light(key, sql)];
    let word = match object.fact("fires") {
        "never" => "disable",
        "always" => "enable always",
        "on replicas" => "enable replica",
        _ => return statements,
    };
    statements.push(Statement::light(key, format!("alter event trigger {} {word}", key.name)));
    statements
}

fn policy(key: &Key, object: &Object) -> String {
    let mut sql = format!("create policy {} on {}", key.name, key.qualified_relation());
    for (word, fact) in [(" as ", "kind"), (" for ", "command"), (" to ", "roles")] {
        if !object.fact(fact).is_empty() {
            sql.push_str(word);
            sql.push_str(object.fact(fact));
        }
    }
    sql.push_str(&in_parentheses(" using", object.fact("using")));
    sql.push_str(&in_parentheses(" with check", object.fact("with check")));
    sql
}

/// Returns what `alter`, `drop` and `comment on` call an object of that kind.
pub(super) fn noun(key: &Key, object: Option<&Object>) -> &'static str {
    match key.kind {
        Kind::Type if object.is_some_and(|it| it.fact("kind") == "domain") => "domain",
        Kind::Routine => "routine",
        Kind::MaterializedView => "materialized view",
        Kind::ContinuousAggregate => "view",
        kind => kind.word(),
    }
}

fn set_owner(key: &Key, owner: &str) -> Option<Statement> {
    let sql = format!("alter {} {} owner to {owner}", noun(key, None), key.qualified());
    (!matches!(key.kind, Kind::ContinuousAggregate)).then(|| Statement::light(key, sql))
}

/// Sets an owner; the former one keeps nothing.
pub(super) fn change_owner(key: &Key, owner: &str) -> Vec<Statement> {
    set_owner(key, owner).into_iter().collect()
}

/// Sets a comment, or takes it away.
pub(super) fn set_comment(key: &Key, comment: Option<&String>) -> Statement {
    let (relation, name) = (key.qualified_relation(), &key.name);
    let target = match key.kind {
        Kind::Column => format!("column {relation}.{name}"),
        Kind::Constraint | Kind::Trigger | Kind::Policy | Kind::Rule => {
            format!("{} {name} on {relation}", key.kind.word())
        }
        _ => format!("{} {}", noun(key, None), key.qualified()),
    };
    let text = comment.map_or_else(|| "null".to_owned(), |comment| quoted(comment));
    Statement::light(key, format!("comment on {target} is {text}"))
}
