//! Changes what differs, fact by fact; what cannot be changed is made anew.

use std::collections::BTreeSet;

use super::create::{change_owner, sequence_settings, set_comment, set_firing};
use super::statement::{Site, Statement};
use super::{rights, roles, timescale};
use crate::drift::schema::{Key, Kind, Object};
use crate::lint::data_type::DataType;

/// How a difference is mended.
pub(super) enum Altered {
    /// By these statements.
    By(Vec<Statement>),
    /// By dropping it and making it again.
    MadeAnew,
    /// By somebody who knows what rows are in it, and why.
    ByHand(String),
}

/// What is there, and what was declared.
type Sides<'o> = (&'o Object, &'o Object);

/// Says how a difference is mended. `facts` are those that differ.
pub(super) fn alter(
    site: &Site<'_>,
    key: &Key,
    sides: Sides<'_>,
    facts: &BTreeSet<&str>,
) -> Altered {
    let mut rest = facts.clone();
    let mut common = Vec::new();
    if rest.remove("owner") {
        common.extend(change_owner(key, sides.1.fact("owner")));
    }
    if rest.remove("comment") {
        common.push(set_comment(key, sides.1.facts.get("comment")));
    }
    if rest.is_empty() {
        return Altered::By(common);
    }
    match own(site, key, sides, &rest) {
        Altered::By(mut statements) => {
            statements.extend(common);
            Altered::By(statements)
        }
        other => other,
    }
}

fn own(site: &Site<'_>, key: &Key, sides: Sides<'_>, facts: &BTreeSet<&str>) -> Altered {
    let (_, declared) = sides;
    match key.kind {
        Kind::Role => Altered::By(roles::change(key, sides, facts)),
        Kind::Extension => extension(key, declared, facts),
        Kind::Type => altered_type(site, key, sides, facts),
        Kind::Routine => {
            let is_another =
                ["arguments", "returns", "kind", "aggregate"].iter().any(|it| facts.contains(it));
            match &declared.ddl {
                Some(ddl) if !is_another => {
                    Altered::By(vec![Statement::light(key, ddl.trim_end())])
                }
                _ => Altered::MadeAnew,
            }
        }
        Kind::Table => table(key, sides, facts),
        Kind::Column => column(key, sides, facts),
        Kind::Sequence => sequence(key, declared),
        Kind::Default => Altered::By(vec![Statement::light(
            key,
            format!(
                "alter table {} alter column {} set default {}",
                key.qualified_relation(),
                key.name,
                declared.fact("expression")
            ),
        )]),
        Kind::Constraint if facts.len() == 1 && facts.contains("valid") => {
            if declared.fact("valid").is_empty() {
                let (relation, name) = (key.qualified_relation(), &key.name);
                let sql = format!("alter table {relation} validate constraint {name}");
                Altered::By(vec![Statement::light(key, sql).heavy().alone()])
            } else {
                Altered::MadeAnew
            }
        }
        Kind::Constraint if facts.contains("fires") => match declared.fact("fires") {
            // What was written while it was off is checked with it, and no superuser is needed.
            "" => Altered::MadeAnew,
            _ => Altered::ByHand("only a superuser can switch off what checks it".to_owned()),
        },
        Kind::View if facts.len() == 1 && facts.contains("options") => {
            Altered::By(options(key, "view", sides, "options"))
        }
        Kind::Trigger | Kind::Rule if facts.len() == 1 && facts.contains("fires") => {
            let word = match declared.fact("fires") {
                "never" => "disable",
                "always" => "enable always",
                "on replicas" => "enable replica",
                _ => "enable",
            };
            Altered::By(vec![set_firing(key, word)])
        }
        Kind::Policy => policy(key, sides, facts),
        Kind::Hypertable => timescale::alter_hypertable(site, key, sides, facts),
        Kind::DefaultRights => {
            Altered::By(rights::set_defaults(key, Some(sides.0), Some(declared)))
        }
        Kind::Grant => Altered::By(rights::change(key, sides)),
        _ => Altered::MadeAnew,
    }
}

fn extension(key: &Key, declared: &Object, facts: &BTreeSet<&str>) -> Altered {
    let mut statements = Vec::new();
    if facts.contains("version") {
        let version = declared.fact("version");
        let sql = format!("alter extension {} update to '{version}'", key.name);
        statements.push(Statement::light(key, sql));
    }
    if facts.contains("schema") {
        let sql = format!("alter extension {} set schema {}", key.name, declared.fact("schema"));
        statements.push(Statement::light(key, sql));
    }
    Altered::By(statements)
}

fn altered_type(
    site: &Site<'_>,
    key: &Key,
    (live, declared): Sides<'_>,
    facts: &BTreeSet<&str>,
) -> Altered {
    if live.fact("kind") != declared.fact("kind") {
        return Altered::ByHand("it is another kind of type, and columns may be of it".to_owned());
    }
    let name = key.qualified();
    if facts.contains("labels") {
        return Altered::By(relabelled(site, key, (live, declared)));
    }
    if declared.fact("kind") != "domain" || facts.contains("base") || facts.contains("collation") {
        let columns: Vec<String> = site
            .live
            .objects
            .iter()
            .filter(|(other, object)| other.kind == Kind::Column && object.requires.contains(key))
            .map(|(other, _)| other.to_string())
            .collect();
        return if columns.is_empty() {
            Altered::MadeAnew
        } else {
            Altered::ByHand(format!(
                "it cannot be changed while it is used: {}",
                columns.join(", ")
            ))
        };
    }
    let mut statements = Vec::new();
    if facts.contains("default") {
        let change = match declared.fact("default") {
            "" => "drop default".to_owned(),
            default => format!("set default {default}"),
        };
        statements.push(Statement::light(key, format!("alter domain {name} {change}")));
    }
    if facts.contains("null") {
        let word = if declared.fact("null").is_empty() { "drop" } else { "set" };
        statements.push(Statement::light(key, format!("alter domain {name} {word} not null")));
    }
    if facts.contains("checks") {
        for check in checks(live.fact("checks")) {
            let constraint = check.split(' ').nth(1).unwrap_or_default();
            let sql = format!("alter domain {name} drop constraint {constraint}");
            statements.push(Statement::light(key, sql));
        }
        for check in checks(declared.fact("checks")) {
            statements
                .push(Statement::light(key, format!("alter domain {name} add {check}")).heavy());
        }
    }
    Altered::By(statements)
}

/// Takes a domain's checks apart: each begins with the word `constraint`.
fn checks(text: &str) -> Vec<String> {
    text.split("constraint ")
        .filter(|part| !part.trim().is_empty())
        .map(|part| format!("constraint {}", part.trim()))
        .collect()
}

/// Gives an enum other labels: adds what is missing where that is all, else makes the type anew below
/// the columns that have it.
fn relabelled(site: &Site<'_>, key: &Key, (live, declared): Sides<'_>) -> Vec<Statement> {
    let name = key.qualified();
    let before: Vec<&str> = live.fact("labels").split(", ").collect();
    let after: Vec<&str> = declared.fact("labels").split(", ").collect();
    let kept: Vec<&&str> = after.iter().filter(|label| before.contains(*label)).collect();
    if kept.iter().map(|label| **label).eq(before.iter().copied()) {
        let mut previous: Option<&str> = None;
        let mut statements = Vec::new();
        for label in after {
            if !before.contains(&label) {
                let place = match previous {
                    Some(previous) => format!(" after {previous}"),
                    None => before.first().map(|it| format!(" before {it}")).unwrap_or_default(),
                };
                let sql = format!("alter type {name} add value {label}{place}");
                statements.push(Statement::light(key, sql).alone());
            }
            previous = Some(label);
        }
        return statements;
    }
    let old = format!("{}_before", key.name.trim_matches('"'));
    let old_name = format!("{}.{old}", key.schema.as_deref().unwrap_or("public"));
    let mut statements = vec![
        Statement::light(key, format!("alter type {name} rename to {old}")),
        Statement::light(key, format!("create type {name} as enum ({})", declared.fact("labels"))),
    ];
    for (column, object) in &site.live.objects {
        if column.kind != Kind::Column || !object.requires.contains(key) {
            continue;
        }
        let (relation, called) = (column.qualified_relation(), &column.name);
        let default = Key { kind: Kind::Default, ..column.clone() };
        let expression = site.live.get(&default).map(|it| it.fact("expression"));
        let alter = format!("alter table {relation} alter column {called}");
        if expression.is_some() {
            statements.push(Statement::light(key, format!("{alter} drop default")));
        }
        let sql = format!("{alter} type {name} using {called}::text::{name}");
        statements.push(Statement::light(key, sql).heavy());
        if let Some(expression) = expression {
            statements.push(Statement::light(key, format!("{alter} set default {expression}")));
        }
    }
    statements.extend(change_owner(key, declared.fact("owner")));
    statements.push(Statement::light(key, format!("drop type {old_name}")));
    statements
}

fn table(key: &Key, sides: Sides<'_>, facts: &BTreeSet<&str>) -> Altered {
    let (live, declared) = sides;
    let name = key.qualified();
    let mut statements = Vec::new();
    for fact in facts {
        let value = declared.fact(fact);
        let change = match (*fact, value) {
            ("row security", "") => "disable row level security".to_owned(),
            ("row security", _) => "enable row level security".to_owned(),
            ("row security of the owner", "") => "no force row level security".to_owned(),
            ("row security of the owner", _) => "force row level security".to_owned(),
            ("persistence", "") => "set logged".to_owned(),
            ("persistence", _) => "set unlogged".to_owned(),
            ("tablespace", "") => "set tablespace pg_default".to_owned(),
            ("tablespace", space) => format!("set tablespace {space}"),
            ("replica identity", "") => "replica identity default".to_owned(),
            ("replica identity", identity) => format!("replica identity {identity}"),
            ("storage parameters", _) => {
                statements.extend(options(key, "table", sides, fact));
                continue;
            }
            ("inherits", "") => format!("no inherit {}", live.fact("inherits")),
            ("inherits", parent) if live.fact("inherits").is_empty() => format!("inherit {parent}"),
            _ => {
                return Altered::ByHand(
                    "how it is partitioned cannot be changed in place; its rows have to be moved"
                        .to_owned(),
                );
            }
        };
        let statement = Statement::light(key, format!("alter table {name} {change}"));
        let is_rewriting = matches!(*fact, "persistence" | "tablespace");
        statements.push(if is_rewriting { statement.heavy() } else { statement });
    }
    Altered::By(statements)
}

/// Sets options that differ and resets those that are not declared.
fn options(key: &Key, noun: &str, (live, declared): Sides<'_>, fact: &str) -> Vec<Statement> {
    let name = key.qualified();
    let list = |object: &Object| -> Vec<String> {
        let text = object.fact(fact);
        text.split(", ").filter(|option| !option.is_empty()).map(str::to_owned).collect()
    };
    let (before, after) = (list(live), list(declared));
    let name_of = |option: &String| option.split('=').next().unwrap_or_default().to_owned();
    let set: Vec<&str> =
        after.iter().filter(|option| !before.contains(option)).map(String::as_str).collect();
    let reset: Vec<String> = before
        .iter()
        .map(name_of)
        .filter(|option| !after.iter().any(|it| name_of(it) == *option))
        .collect();
    let mut statements = Vec::new();
    if !reset.is_empty() {
        let sql = format!("alter {noun} {name} reset ({})", reset.join(", "));
        statements.push(Statement::light(key, sql));
    }
    if !set.is_empty() {
        let sql = format!("alter {noun} {name} set ({})", set.join(", "));
        statements.push(Statement::light(key, sql));
    }
    statements
}

fn column(key: &Key, (live, declared): Sides<'_>, facts: &BTreeSet<&str>) -> Altered {
    if facts.contains("generated") {
        if declared.fact("generated").is_empty() {
            return Altered::By(vec![changed(key, "drop expression")]);
        }
        if live.fact("generated").is_empty() {
            return Altered::ByHand(
                "it has values of its own, which a generated column would replace".to_owned(),
            );
        }
        return Altered::MadeAnew;
    }
    let mut statements = Vec::new();
    if facts.contains("type") || facts.contains("collation") {
        let data_type = declared.fact("type");
        let collation = match declared.fact("collation") {
            "" => String::new(),
            collation => format!(" collate {collation}"),
        };
        let change = format!("type {data_type}{collation} using {}::{data_type}", key.name);
        let (old, new) = (DataType::parse(live.fact("type")), DataType::parse(data_type));
        let statement = changed(key, &change);
        let keeps_all = old.fits_in(&new);
        statements.push(if keeps_all { statement.heavy() } else { statement.destroying() });
    }
    for fact in facts {
        let change = match (*fact, declared.fact(fact)) {
            ("null", "") => "drop not null".to_owned(),
            ("null", _) => "set not null".to_owned(),
            ("identity", "") => "drop identity".to_owned(),
            ("identity", identity) if live.fact("identity").is_empty() => {
                let settings =
                    super::create::in_parentheses("", declared.fact("identity sequence"));
                format!("add generated {identity} as identity{settings}")
            }
            ("identity", identity) => format!("set generated {identity}"),
            ("identity sequence", settings)
                if !settings.is_empty() && !live.fact("identity").is_empty() =>
            {
                let words = ["start with", "increment by", "minvalue", "maxvalue", "cache"];
                words.iter().fold(settings.replace(" cycle", " set cycle"), |text, word| {
                    text.replace(word, &format!("set {word}"))
                })
            }
            ("storage", "") => "set storage default".to_owned(),
            ("compression", "") => "set compression default".to_owned(),
            ("statistics", "") => "set statistics -1".to_owned(),
            ("storage" | "compression" | "statistics", value) => format!("set {fact} {value}"),
            _ => continue,
        };
        let statement = changed(key, &change);
        statements.push(if change == "set not null" { statement.heavy() } else { statement });
    }
    Altered::By(statements)
}

fn changed(key: &Key, change: &str) -> Statement {
    let (relation, name) = (key.qualified_relation(), &key.name);
    Statement::light(key, format!("alter table {relation} alter column {name} {change}"))
}

fn sequence(key: &Key, declared: &Object) -> Altered {
    let name = key.qualified();
    let owner = match declared.fact("owned by") {
        "" => "none",
        column => column,
    };
    let settings = sequence_settings(declared);
    let sql = format!("alter sequence {name} {settings} owned by {owner}");
    Altered::By(vec![Statement::light(key, sql)])
}

fn policy(key: &Key, (live, declared): Sides<'_>, facts: &BTreeSet<&str>) -> Altered {
    let is_taken_away = |fact: &str| !live.fact(fact).is_empty() && declared.fact(fact).is_empty();
    if facts.contains("kind")
        || facts.contains("command")
        || is_taken_away("using")
        || is_taken_away("with check")
    {
        return Altered::MadeAnew;
    }
    let mut sql = format!("alter policy {} on {}", key.name, key.qualified_relation());
    if facts.contains("roles") {
        let roles = declared.fact("roles");
        sql.push_str(" to ");
        sql.push_str(if roles.is_empty() { "public" } else { roles });
    }
    for (fact, word) in [("using", " using"), ("with check", " with check")] {
        if facts.contains(fact) {
            sql.push_str(&super::create::in_parentheses(word, declared.fact(fact)));
        }
    }
    Altered::By(vec![Statement::light(key, sql)])
}
