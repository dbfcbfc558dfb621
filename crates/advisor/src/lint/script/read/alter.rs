//! `alter` of what is no table: views, indexes, types, functions and schemas.

use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::super::Name;
use super::super::action::{Action, AlterTable, CreateFunction, ObjectKind};
use super::node::{
    self, Place, child, has, inner, name, name_in, one_line, options, span, unquoted,
};
use super::statement::sets_search_path;
use super::table::change;

/// Reads what is changed.
pub(super) fn action(node: &SyntaxNode, place: &Place<'_>) -> Action {
    match node.kind() {
        SyntaxKind::ALTER_INDEX => index(node),
        SyntaxKind::ALTER_VIEW => view(node, ObjectKind::View, place),
        SyntaxKind::ALTER_MATERIALIZED_VIEW => view(node, ObjectKind::MaterializedView, place),
        SyntaxKind::ALTER_TYPE => enum_or_type(node),
        SyntaxKind::ALTER_SCHEMA => renamed(
            ObjectKind::Schema,
            node,
            (SyntaxKind::SCHEMA_REF, SyntaxKind::SCHEMA_RENAME_TO, SyntaxKind::SCHEMA),
        ),
        SyntaxKind::ALTER_FUNCTION => routine(
            node,
            (
                SyntaxKind::FUNCTION_NAME_REF,
                SyntaxKind::FUNCTION_RENAME_TO,
                SyntaxKind::FUNCTION_NAME,
            ),
        ),
        SyntaxKind::ALTER_PROCEDURE => routine(
            node,
            (
                SyntaxKind::PROCEDURE_NAME_REF,
                SyntaxKind::PROCEDURE_RENAME_TO,
                SyntaxKind::PROCEDURE_NAME,
            ),
        ),
        SyntaxKind::ALTER_ROUTINE => routine(
            node,
            (SyntaxKind::ROUTINE_NAME_REF, SyntaxKind::ROUTINE_RENAME_TO, SyntaxKind::ROUTINE_NAME),
        ),
        _ => Action::Other,
    }
}

/// The kinds of nodes of an old name, of the clause that renames, and of the new name.
type Renaming = (SyntaxKind, SyntaxKind, SyntaxKind);

fn renamed(kind: ObjectKind, node: &SyntaxNode, (old, clause, new): Renaming) -> Action {
    let from = name_in(node, &[old]);
    let to = child(node, clause).and_then(|clause| name_in(&clause, &[new]));
    let schema = child(node, SyntaxKind::SET_SCHEMA)
        .and_then(|clause| name_in(&clause, &[SyntaxKind::SCHEMA_REF]));
    match (from, to) {
        (Some(from), Some(to)) => Action::Rename { kind, from, to: to.name },
        (Some(from), None) => match schema {
            Some(schema) => {
                let to = format!("{}.{}", schema.name, from.name);
                Action::Rename { kind, from, to }
            }
            None => Action::Other,
        },
        _ => Action::Other,
    }
}

fn index(node: &SyntaxNode) -> Action {
    if has(node, SyntaxKind::ALL_IN_TABLESPACE) || has(node, SyntaxKind::SET_TABLESPACE) {
        let index = name_in(node, &[SyntaxKind::INDEX_REF]);
        return Action::MoveFiles { index, how: one_line(node).to_lowercase() };
    }
    let kinds = (SyntaxKind::INDEX_REF, SyntaxKind::INDEX_RENAME_TO, SyntaxKind::INDEX);
    renamed(ObjectKind::Index, node, kinds)
}

fn view(node: &SyntaxNode, kind: ObjectKind, place: &Place<'_>) -> Action {
    let Some(view) = name_in(node, &[SyntaxKind::VIEW_REF]) else { return Action::Other };
    if let Some(set) = child(node, SyntaxKind::SET_OPTIONS) {
        return Action::SetViewOptions { view, options: options(&set) };
    }
    if let Some(reset) = child(node, SyntaxKind::RESET_OPTIONS) {
        return Action::SetViewOptions { view, options: node::reset(&reset, "false") };
    }
    let as_of_tables = node.children().filter(|child| {
        matches!(
            child.kind(),
            SyntaxKind::RENAME_COLUMN
                | SyntaxKind::SET_SCHEMA
                | SyntaxKind::SET_TABLESPACE
                | SyntaxKind::SET_ACCESS_METHOD
                | SyntaxKind::OWNER_TO
        )
    });
    let changes: Vec<_> =
        as_of_tables.map(|child| (span(&child, place), change(&child, place))).collect();
    if !changes.is_empty() {
        return Action::AlterTable(AlterTable { table: view, changes });
    }
    renamed(kind, node, (SyntaxKind::VIEW_REF, SyntaxKind::VIEW_RENAME_TO, SyntaxKind::VIEW))
}

fn enum_or_type(node: &SyntaxNode) -> Action {
    let Some(named) = name_in(node, &[SyntaxKind::TYPE_NAME_REF]) else { return Action::Other };
    let literal = |kind| {
        child(node, kind)
            .and_then(|clause| child(&clause, SyntaxKind::LITERAL))
            .map(|value| unquoted(&one_line(&value)))
    };
    if let Some(value) = literal(SyntaxKind::ADD_VALUE) {
        return Action::AddEnumValue { name: named, value };
    }
    if let Some(value) = literal(SyntaxKind::RENAME_VALUE) {
        let from = Name { schema: None, name: value };
        return Action::Rename { kind: ObjectKind::EnumValue, from, to: named.to_string() };
    }
    let kinds = (SyntaxKind::TYPE_NAME_REF, SyntaxKind::TYPE_RENAME_TO, SyntaxKind::TYPE_NAME);
    renamed(ObjectKind::Type, node, kinds)
}

/// A function that takes its owner's rights, is trusted with rows that policies hide, or another name.
fn routine(node: &SyntaxNode, kinds: Renaming) -> Action {
    let (old, ..) = kinds;
    let is_definer = inner(node, SyntaxKind::SECURITY_DEFINER_FUNC_OPTION).is_some();
    let is_leakproof = inner(node, SyntaxKind::LEAKPROOF_FUNC_OPTION).is_some();
    let named = node.descendants().find(|inner| inner.kind() == old).map(|found| name(&found));
    match named {
        Some(name) if is_definer || is_leakproof => {
            let has_search_path = node
                .descendants()
                .filter(|inner| inner.kind() == SyntaxKind::SET_FUNC_OPTION)
                .any(|setting| sets_search_path(&setting));
            let dynamic = Vec::new();
            Action::CreateFunction(CreateFunction {
                name,
                is_definer,
                has_search_path,
                is_leakproof,
                dynamic,
                is_of_trigger: false,
                reads: Vec::new(),
                words: Vec::new(),
            })
        }
        _ => renamed(ObjectKind::Routine, node, kinds),
    }
}
