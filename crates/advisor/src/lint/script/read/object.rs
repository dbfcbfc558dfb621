//! Rules, publications, sequences, domains, roles and the server's settings.

use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::super::action::{Action, CreateRule, Publish, Published, Role};
use super::expression::named;
use super::node::{child, has, inner, name, name_in, one_line, role_name, setting, words};

/// Reads what is made or changed.
pub(super) fn action(node: &SyntaxNode) -> Action {
    match node.kind() {
        SyntaxKind::CREATE_ROLE
        | SyntaxKind::ALTER_ROLE
        | SyntaxKind::CREATE_USER
        | SyntaxKind::ALTER_USER
        | SyntaxKind::CREATE_GROUP
        | SyntaxKind::ALTER_GROUP => role(node),
        SyntaxKind::ALTER_DATABASE => for_sessions(node),
        SyntaxKind::REASSIGN => {
            let to = node.children().filter(|list| list.kind() == SyntaxKind::ROLE_REF_LIST).last();
            Action::Reassign(to.map(|list| roles_in(&list)).unwrap_or_default())
        }
        SyntaxKind::CREATE_RULE => rule(node),
        SyntaxKind::CREATE_PUBLICATION | SyntaxKind::ALTER_PUBLICATION => publication(node),
        SyntaxKind::CREATE_SEQUENCE => {
            name_in(node, &[SyntaxKind::SEQUENCE]).map_or(Action::Other, Action::CreateSequence)
        }
        SyntaxKind::ALTER_SEQUENCE => sequence(node),
        SyntaxKind::ALTER_SYSTEM => Action::AlterSystem,
        SyntaxKind::CREATE_DOMAIN => match name_in(node, &[SyntaxKind::DOMAIN]) {
            Some(name) => Action::CreateDomain {
                name,
                is_checked: has(node, SyntaxKind::CHECK_CONSTRAINT)
                    || has(node, SyntaxKind::NOT_NULL_CONSTRAINT),
            },
            None => Action::Other,
        },
        _ => Action::Other,
    }
}

fn sequence(node: &SyntaxNode) -> Action {
    let Some(sequence) = name_in(node, &[SyntaxKind::SEQUENCE_REF]) else { return Action::Other };
    let restart =
        child(node, SyntaxKind::OPTION_RESTART).or_else(|| child(node, SyntaxKind::RESTART));
    match restart {
        Some(restart) => Action::RestartSequence {
            sequence,
            at: restart.children().last().map(|at| one_line(&at)),
        },
        None if child(node, SyntaxKind::OPTION_CYCLE).is_some() => Action::CycleSequence(sequence),
        None => Action::Other,
    }
}

fn role(node: &SyntaxNode) -> Action {
    if child(node, SyntaxKind::SET_CONFIG_PARAM).is_some() {
        return for_sessions(node);
    }
    let named = name_in(node, &[SyntaxKind::ROLE, SyntaxKind::ROLE_REF]);
    let list = child(node, SyntaxKind::ROLE_OPTION_LIST);
    let options = || list.iter().chain([node]).flat_map(SyntaxNode::children);
    let member_of = options()
        .filter(|option| {
            matches!(
                option.kind(),
                SyntaxKind::ROLE_OPTION_IN_ROLE | SyntaxKind::ROLE_OPTION_IN_GROUP
            )
        })
        .flat_map(|option| roles_in(&option))
        .collect();
    let members = options()
        .filter(|option| {
            matches!(
                option.kind(),
                SyntaxKind::ROLE_OPTION_ROLE
                    | SyntaxKind::ROLE_OPTION_USER
                    | SyntaxKind::ROLE_OPTION_ADMIN
                    | SyntaxKind::ADD_USERS
            )
        })
        .flat_map(|option| roles_in(&option))
        .collect();
    Action::Role(Role {
        name: named.map(|named| named.name),
        options: list.as_ref().map(words).unwrap_or_default(),
        member_of,
        members,
    })
}

fn roles_in(node: &SyntaxNode) -> Vec<String> {
    let is_role = |inner: &SyntaxNode| inner.kind() == SyntaxKind::ROLE_REF;
    node.descendants().filter(is_role).map(|role| role_name(&role)).collect()
}

/// A setting that later sessions of a role or in a database begin with.
fn for_sessions(node: &SyntaxNode) -> Action {
    let database = name_in(node, &[SyntaxKind::DATABASE_REF]).map(|it| format!("database {it}"));
    let role = name_in(node, &[SyntaxKind::ROLE_REF]).map(|it| it.name);
    match child(node, SyntaxKind::SET_CONFIG_PARAM).and_then(|set| setting(&set)) {
        Some((name, value)) => Action::SetForSessions {
            whose: role.or(database).unwrap_or_else(|| "all".to_owned()),
            name,
            value,
        },
        None => Action::Other,
    }
}

fn rule(node: &SyntaxNode) -> Action {
    let (Some(on), Some(act)) =
        (child(node, SyntaxKind::RULE_ON), child(node, SyntaxKind::RULE_DO))
    else {
        return Action::Other;
    };
    let event = child(&on, SyntaxKind::RULE_EVENT).map(|event| one_line(&event).to_lowercase());
    let table = child(&on, SyntaxKind::RELATION_NAME_REF);
    match (name_in(node, &[SyntaxKind::RULE]), event, table) {
        (Some(rule), Some(event), Some(table)) => Action::CreateRule(CreateRule {
            name: rule.name,
            table: name(&table),
            event,
            is_instead: has(&act, SyntaxKind::INSTEAD_KW),
            is_nothing: has(&act, SyntaxKind::NOTHING),
        }),
        _ => Action::Other,
    }
}

fn publication(node: &SyntaxNode) -> Action {
    let sends = |kind| {
        matches!(
            kind,
            SyntaxKind::FOR_ALL_PUBLICATION_OBJECTS
                | SyntaxKind::FOR_PUBLICATION_OBJECTS
                | SyntaxKind::ADD_PUBLICATION_OBJECTS
                | SyntaxKind::SET_PUBLICATION_OBJECTS
                | SyntaxKind::SET_ALL_PUBLICATION_OBJECT_LIST
        )
    };
    let Some(sent) = node.children().find(|child| sends(child.kind())) else {
        return Action::Other;
    };
    let is_everything = inner(&sent, SyntaxKind::ALL_PUBLICATION_TABLES).is_some();
    let mut publish = Publish { is_everything, schemas: Vec::new(), tables: Vec::new() };
    // A name alone is what the one before it is: `tables in schema a, b`.
    let mut are_schemas = false;
    for object in sent.children() {
        are_schemas = match object.kind() {
            SyntaxKind::PUBLICATION_OBJECT_TABLES_IN_SCHEMA => true,
            SyntaxKind::PUBLICATION_OBJECT_TABLE if has(&object, SyntaxKind::TABLE_KW) => false,
            _ => are_schemas,
        };
        let table = name_in(&object, &[SyntaxKind::TABLE_NAME_REF]);
        match table {
            Some(table) if !are_schemas => {
                let chosen_by = child(&object, SyntaxKind::WHERE_CONDITION_CLAUSE)
                    .map(|clause| named(&clause).1)
                    .unwrap_or_default();
                publish.tables.push(Published { table, chosen_by });
            }
            named => {
                let schema = named.or_else(|| name_in(&object, &[SyntaxKind::SCHEMA_REF]));
                // What stands there besides is the schema that is searched first.
                publish.schemas.push(schema.map_or_else(|| "public".to_owned(), |it| it.name));
            }
        }
    }
    if is_everything {
        publish.schemas.clear();
    }
    Action::Publish(publish)
}
