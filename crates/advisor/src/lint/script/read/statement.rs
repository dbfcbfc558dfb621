//! Which action a statement is.

use squawk_syntax::ast::{self, AstNode as _};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::super::action::{
    Action, CreateFunction, CreateIndex, CreateView, Drop, Grant, ObjectKind, Policy,
};
use super::super::{Name, Span, Token, folded, tokens};
use super::expression::{calls, expression, named, stars, tables_read};
use super::node::{
    Place, child, has, inner, name, name_in, one_line, options, plain_name, role_name, setting,
    span, words,
};
use super::{alter, condition, object, rows, table};

/// Kinds of nodes that name the table of something.
const TABLES: &[SyntaxKind] =
    &[SyntaxKind::TABLE_NAME_REF, SyntaxKind::RELATION_NAME_REF, SyntaxKind::VIEW_REF];

/// Reads what a statement does.
pub(super) fn action(node: &SyntaxNode, place: &Place<'_>) -> Action {
    match node.kind() {
        SyntaxKind::CREATE_TABLE => table::create(node, place),
        SyntaxKind::CREATE_TABLE_AS | SyntaxKind::SELECT_INTO => {
            match name_in(node, &[SyntaxKind::TABLE_NAME]) {
                Some(name) => Action::CreateTableAs {
                    name,
                    reads: tables_read(node),
                    has_limit: rows::has_limit(node),
                    is_temporary: has(node, SyntaxKind::TEMP)
                        || child(node, SyntaxKind::INTO_CLAUSE)
                            .is_some_and(|into| has(&into, SyntaxKind::TEMP)),
                },
                None => Action::Other,
            }
        }
        SyntaxKind::ALTER_TABLE => table::alter(node, place),
        SyntaxKind::CREATE_INDEX => create_index(node),
        SyntaxKind::CREATE_VIEW | SyntaxKind::CREATE_MATERIALIZED_VIEW => create_view(node, place),
        SyntaxKind::ALTER_INDEX
        | SyntaxKind::ALTER_VIEW
        | SyntaxKind::ALTER_MATERIALIZED_VIEW
        | SyntaxKind::ALTER_TYPE
        | SyntaxKind::ALTER_FUNCTION
        | SyntaxKind::ALTER_PROCEDURE
        | SyntaxKind::ALTER_ROUTINE
        | SyntaxKind::ALTER_SCHEMA => alter::action(node, place),
        SyntaxKind::CREATE_TRIGGER => {
            let on = child(node, SyntaxKind::ON_RELATION)
                .and_then(|on| name_in(&on, &[SyntaxKind::RELATION_NAME_REF]));
            on.map_or(Action::Other, |table| Action::CreateTrigger { table })
        }
        SyntaxKind::UPDATE => rows::change("update", node),
        SyntaxKind::DELETE => rows::change("delete", node),
        SyntaxKind::MERGE => rows::change("merge", node),
        SyntaxKind::INSERT => rows::change("insert", node),
        SyntaxKind::SELECT => Action::Select { calls: calls(node) },
        SyntaxKind::CREATE_FUNCTION | SyntaxKind::CREATE_PROCEDURE => create_function(node),
        SyntaxKind::DO => Action::Do { dynamic: dynamic_sql(node) },
        SyntaxKind::CREATE_POLICY | SyntaxKind::ALTER_POLICY => policy(node, place),
        SyntaxKind::GRANT | SyntaxKind::ALTER_DEFAULT_PRIVILEGES => grant(node),
        SyntaxKind::BEGIN => Action::Begin,
        SyntaxKind::COMMIT_TRANSACTION => Action::Commit,
        SyntaxKind::ROLLBACK_TRANSACTION => Action::Rollback,
        SyntaxKind::SET => set(node),
        SyntaxKind::COPY => copy(node),
        _ => maintenance(node),
    }
}

/// What the client sends or takes concerns nobody else.
fn copy(node: &SyntaxNode) -> Action {
    match inner(node, SyntaxKind::COPY_PROGRAM) {
        Some(place) => Action::CopyOnServer { is_program: has(&place, SyntaxKind::PROGRAM_KW) },
        None => Action::Other,
    }
}

/// Statements about types, roles, storage and what is dropped.
fn maintenance(node: &SyntaxNode) -> Action {
    let tables = || names_of(node, TABLES);
    match node.kind() {
        SyntaxKind::REFRESH => match name_in(node, &[SyntaxKind::VIEW_REF]) {
            Some(view) => Action::Refresh {
                view,
                is_concurrent: has(node, SyntaxKind::CONCURRENTLY_KW),
                is_emptied: has(node, SyntaxKind::WITH_NO_DATA),
            },
            None => Action::Other,
        },
        SyntaxKind::REINDEX => Action::Reindex {
            table: name_in(node, &[SyntaxKind::TABLE_NAME_REF]),
            index: name_in(node, &[SyntaxKind::INDEX_REF]),
            is_concurrent: words(node).iter().any(|word| word.contains("concurrently")),
        },
        SyntaxKind::VACUUM => {
            let listed = inner(node, SyntaxKind::VACUUM_OPTION_LIST).map(|list| one_line(&list));
            let is_listed = listed.is_some_and(|list| list.to_lowercase().contains("full"));
            Action::Vacuum {
                is_full: is_listed || has(node, SyntaxKind::FULL_KW),
                tables: tables(),
            }
        }
        SyntaxKind::CLUSTER => Action::Cluster { table: tables().into_iter().next() },
        SyntaxKind::TRUNCATE => {
            Action::Truncate { tables: tables(), is_cascading: has(node, SyntaxKind::CASCADE) }
        }
        SyntaxKind::LOCK => {
            let mode = child(node, SyntaxKind::LOCK_MODE_CLAUSE)
                .and_then(|clause| clause.children().next())
                .map_or_else(|| "access exclusive".to_owned(), |mode| words(&mode).join(" "));
            Action::Lock { tables: tables(), mode }
        }
        SyntaxKind::CREATE_TYPE if has(node, SyntaxKind::ENUM_TYPE) => {
            name_in(node, &[SyntaxKind::TYPE_NAME]).map_or(Action::Other, Action::CreateEnum)
        }
        SyntaxKind::ALTER_DOMAIN
            if has(node, SyntaxKind::ADD_CONSTRAINT) || has(node, SyntaxKind::SET_NOT_NULL) =>
        {
            match name_in(node, &[SyntaxKind::DOMAIN_REF]) {
                Some(domain) => Action::ConstrainDomain {
                    domain,
                    is_not_valid: inner(node, SyntaxKind::NOT_VALID).is_some(),
                },
                None => Action::Other,
            }
        }
        kind => match dropped(kind) {
            Some(kind) => drop_of(kind, node),
            None => object::action(node),
        },
    }
}

fn names_of(node: &SyntaxNode, kinds: &[SyntaxKind]) -> Vec<Name> {
    node.descendants()
        .filter(|inner| kinds.contains(&inner.kind()))
        .map(|found| name(&found))
        .collect()
}

fn dropped(kind: SyntaxKind) -> Option<ObjectKind> {
    Some(match kind {
        SyntaxKind::DROP_TABLE => ObjectKind::Table,
        SyntaxKind::DROP_VIEW => ObjectKind::View,
        SyntaxKind::DROP_MATERIALIZED_VIEW => ObjectKind::MaterializedView,
        SyntaxKind::DROP_INDEX => ObjectKind::Index,
        SyntaxKind::DROP_SCHEMA => ObjectKind::Schema,
        SyntaxKind::DROP_DATABASE => ObjectKind::Database,
        SyntaxKind::DROP_POLICY => ObjectKind::Policy,
        SyntaxKind::DROP_TRIGGER => ObjectKind::Trigger,
        SyntaxKind::DROP_TYPE | SyntaxKind::DROP_DOMAIN => ObjectKind::Type,
        SyntaxKind::DROP_OWNED => ObjectKind::Owned,
        SyntaxKind::DROP_FUNCTION | SyntaxKind::DROP_PROCEDURE | SyntaxKind::DROP_ROUTINE => {
            ObjectKind::Routine
        }
        SyntaxKind::DROP_SEQUENCE => ObjectKind::Sequence,
        SyntaxKind::DROP_EXTENSION => ObjectKind::Extension,
        _ => return None,
    })
}

/// Kinds of nodes that name what is dropped.
const DROPPED: &[SyntaxKind] = &[
    SyntaxKind::TABLE_NAME_REF,
    SyntaxKind::VIEW_REF,
    SyntaxKind::INDEX_REF,
    SyntaxKind::SCHEMA_REF,
    SyntaxKind::DATABASE_REF,
    SyntaxKind::POLICY_REF,
    SyntaxKind::TRIGGER_REF,
    SyntaxKind::TYPE_NAME_REF,
    SyntaxKind::DOMAIN_REF,
    SyntaxKind::ROLE_REF,
    SyntaxKind::FUNCTION_NAME_REF,
    SyntaxKind::SEQUENCE_REF,
    SyntaxKind::EXTENSION_REF,
];

fn drop_of(kind: ObjectKind, node: &SyntaxNode) -> Action {
    let is_on = |kind| matches!(kind, SyntaxKind::ON_TABLE | SyntaxKind::ON_RELATION);
    let on = node.children().find(|child| is_on(child.kind()));
    let names = node
        .children()
        .filter(|child| !is_on(child.kind()))
        .flat_map(|child| names_of(&child, DROPPED))
        .collect();
    Action::Drop(Drop {
        kind,
        names,
        on: on.and_then(|on| name_in(&on, TABLES)),
        is_cascading: has(node, SyntaxKind::CASCADE),
        is_concurrent: has(node, SyntaxKind::CONCURRENTLY_KW),
    })
}

fn create_index(node: &SyntaxNode) -> Action {
    let Some(table) = child(node, SyntaxKind::TABLE_RELATION_NAME) else { return Action::Other };
    let items = |list: Option<SyntaxNode>| -> Vec<SyntaxNode> {
        list.map(|list| list.children().collect()).unwrap_or_default()
    };
    let keys = items(child(node, SyntaxKind::PARTITION_ITEM_LIST));
    let plain_column = |item: &SyntaxNode| {
        item.children()
            .next()
            .filter(|first| first.kind() == SyntaxKind::NAME_REF)
            .map(|first| plain_name(&first))
    };
    let included = child(node, SyntaxKind::INDEX_INCLUDE_CLAUSE)
        .and_then(|clause| child(&clause, SyntaxKind::PARTITION_ITEM_LIST));
    Action::CreateIndex(CreateIndex {
        name: child(node, SyntaxKind::INDEX).map(|index| name(&index)),
        is_only: has(&table, SyntaxKind::ONLY_KW),
        table: name(&table),
        is_unique: has(node, SyntaxKind::UNIQUE_KW),
        is_concurrent: has(node, SyntaxKind::CONCURRENTLY_KW),
        method: child(node, SyntaxKind::USING_METHOD)
            .and_then(|clause| clause.children().next())
            .map_or_else(|| "btree".to_owned(), |method| one_line(&method).to_lowercase()),
        columns: keys.iter().map(plain_column).collect(),
        keys: keys.iter().map(|item| plain_order(&one_line(item).to_lowercase())).collect(),
        included: items(included).iter().filter_map(plain_column).collect(),
        condition: child(node, SyntaxKind::WHERE_CLAUSE)
            .and_then(|clause| clause.children().next())
            .map(|condition| folded(&one_line(&condition))),
    })
}

/// Leaves out of a key what is so anyhow: `asc`, and where nulls stand unless told otherwise.
fn plain_order(key: &str) -> String {
    let key = key.replace(" asc", "");
    let is_descending = key.contains(" desc");
    let usual = if is_descending { " nulls first" } else { " nulls last" };
    key.replace(usual, "").trim_matches('"').to_owned()
}

fn create_view(node: &SyntaxNode, place: &Place<'_>) -> Action {
    let Some(view) = child(node, SyntaxKind::VIEW) else { return Action::Other };
    Action::CreateView(CreateView {
        name: name(&view),
        is_materialized: node.kind() == SyntaxKind::CREATE_MATERIALIZED_VIEW,
        stars: stars(node, place),
        options: child(node, SyntaxKind::WITH_PARAMS)
            .map(|with| options(&with))
            .unwrap_or_default(),
        reads: tables_read(node),
        calls: named(node).0,
        is_empty: has(node, SyntaxKind::WITH_NO_DATA),
    })
}

fn create_function(node: &SyntaxNode) -> Action {
    let Some(function) = node.children().find(|child| {
        matches!(child.kind(), SyntaxKind::FUNCTION_NAME | SyntaxKind::PROCEDURE_NAME)
    }) else {
        return Action::Other;
    };
    let settings: Vec<SyntaxNode> =
        node.descendants().filter(|inner| inner.kind() == SyntaxKind::SET_FUNC_OPTION).collect();
    let body = body(node);
    Action::CreateFunction(CreateFunction {
        name: name(&function),
        is_definer: inner(node, SyntaxKind::SECURITY_DEFINER_FUNC_OPTION).is_some(),
        has_search_path: settings.iter().any(sets_search_path),
        is_leakproof: inner(node, SyntaxKind::LEAKPROOF_FUNC_OPTION).is_some(),
        dynamic: dynamic_sql(node),
        is_of_trigger: child(node, SyntaxKind::RET_TYPE)
            .is_some_and(|returned| words(&returned).contains(&"trigger".to_owned())),
        reads: tables_read(&body),
        words: tokens(&body.to_string())
            .filter_map(|(_, token)| match token {
                Token::Word(word) => Some(word.to_lowercase()),
                _ => None,
            })
            .collect(),
    })
}

/// Returns what a function runs: its body in quotes, or the function itself, where that stands in no quotes.
fn body(node: &SyntaxNode) -> SyntaxNode {
    let function = || ast::CreateFunction::cast(node.clone());
    let procedure = || ast::CreateProcedure::cast(node.clone());
    let plpgsql = || function().and_then(|it| it.plpgsql()).map(|body| body.syntax());
    let plpgsql = || plpgsql().or_else(|| procedure()?.plpgsql().map(|body| body.syntax()));
    let sql = || function().and_then(|it| it.sql_body()).map(|body| body.syntax());
    let sql = || sql().or_else(|| procedure()?.sql_body().map(|body| body.syntax()));
    plpgsql().or_else(sql).unwrap_or_else(|| node.clone())
}

/// Whether a function's setting is a search path of its own; `from current` is that of whoever makes it.
pub(super) fn sets_search_path(setting: &SyntaxNode) -> bool {
    let text = one_line(setting).to_lowercase();
    text.contains("search_path") && !text.ends_with("from current")
}

/// Returns where a body in quotes puts SQL together when it runs.
fn dynamic_sql(node: &SyntaxNode) -> Vec<Span> {
    let body = ast::Do::cast(node.clone())
        .and_then(|block| block.plpgsql())
        .or_else(|| ast::CreateFunction::cast(node.clone()).and_then(|it| it.plpgsql()))
        .or_else(|| ast::CreateProcedure::cast(node.clone()).and_then(|it| it.plpgsql()));
    let Some(body) = body else { return Vec::new() };
    let place = Place::Body(&body);
    body.syntax()
        .descendants()
        .filter(|inner| {
            matches!(
                inner.kind(),
                SyntaxKind::PLPGSQL_DYN_EXECUTE_STMT
                    | SyntaxKind::PLPGSQL_FOR_DYN_STMT
                    | SyntaxKind::PLPGSQL_RETURN_QUERY_EXECUTE_STMT
            )
        })
        .map(|inner| span(&inner, &place))
        .collect()
}

fn policy(node: &SyntaxNode, place: &Place<'_>) -> Action {
    let on = child(node, SyntaxKind::ON_TABLE).and_then(|on| name_in(&on, TABLES));
    let (Some(table), Some(policy)) =
        (on, name_in(node, &[SyntaxKind::POLICY, SyntaxKind::POLICY_REF]))
    else {
        return Action::Other;
    };
    let clause = |kind| {
        inner(node, kind)
            .and_then(|clause| clause.children().last())
            .map(|it| expression(&it, place))
    };
    let shape = |kind| {
        inner(node, kind)
            .and_then(|clause| clause.children().last())
            .map(|it| condition::logic(&it))
    };
    Action::Policy(Policy {
        name: policy.name,
        table,
        is_restrictive: child(node, SyntaxKind::AS_POLICY_TYPE)
            .is_some_and(|kind| words(&kind).contains(&"restrictive".to_owned())),
        command: child(node, SyntaxKind::POLICY_COMMAND)
            .and_then(|command| words(&command).pop())
            .unwrap_or_else(|| "all".to_owned()),
        using: clause(SyntaxKind::USING_EXPR_CLAUSE),
        check: clause(SyntaxKind::WITH_CHECK_EXPR_CLAUSE),
        using_logic: shape(SyntaxKind::USING_EXPR_CLAUSE),
        check_logic: shape(SyntaxKind::WITH_CHECK_EXPR_CLAUSE),
        roles: inner(node, SyntaxKind::POLICY_ROLES)
            .and_then(|clause| child(&clause, SyntaxKind::ROLE_REF_LIST))
            .map(|list| list.children().map(|role| role_name(&role)).collect())
            .unwrap_or_default(),
        is_altered: node.kind() == SyntaxKind::ALTER_POLICY,
    })
}

fn grant(node: &SyntaxNode) -> Action {
    let is_default = node.kind() == SyntaxKind::ALTER_DEFAULT_PRIVILEGES;
    let granting = if is_default {
        child(node, SyntaxKind::GRANT_DEFAULT_PRIVILEGES)
    } else {
        Some(node.clone())
    };
    let Some(granting) = granting else { return Action::Other };
    let on = child(&granting, SyntaxKind::ON_PRIVILEGE_OBJECTS_CLAUSE);
    let privileges = granting
        .children()
        .find(|child| {
            matches!(child.kind(), SyntaxKind::ALL_PRIVILEGES | SyntaxKind::REVOKE_COMMAND_LIST)
        })
        .map(|list| one_line(&list).to_lowercase())
        .unwrap_or_default();
    let on_text = match &on {
        Some(on) => one_line(on).to_lowercase().trim_start_matches("on ").to_owned(),
        None if is_default => "what will be made".to_owned(),
        None => String::new(),
    };
    Action::Grant(Grant {
        privileges,
        on: on_text,
        tables: on.map(|on| names_of(&on, &[SyntaxKind::RELATION_NAME_REF])).unwrap_or_default(),
        to: child(&granting, SyntaxKind::ROLE_REF_LIST)
            .map(|list| list.children().map(|role| role_name(&role)).collect())
            .unwrap_or_default(),
        is_default,
    })
}

fn set(node: &SyntaxNode) -> Action {
    match setting(node) {
        Some((name, value)) => Action::Set { name, value },
        None => Action::Other,
    }
}
