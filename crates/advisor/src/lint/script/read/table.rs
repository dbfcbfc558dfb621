//! `create table` and `alter table`.

use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::super::action::{
    Action, AlterTable, Change, Column, Constraint, ConstraintKind, CreateTable, Reference,
};
use super::expression::{expression, named};
use super::node::{
    Place, child, column_names, has, inner, name, name_in, one_line, options, plain_name, reset,
    span,
};
use crate::lint::data_type::DataType;

/// Reads `create table`.
pub(super) fn create(node: &SyntaxNode, place: &Place<'_>) -> Action {
    let Some(table_name) = child(node, SyntaxKind::TABLE_NAME) else { return Action::Other };
    let arguments = child(node, SyntaxKind::TABLE_ARG_LIST);
    let (mut columns, mut constraints) = (Vec::new(), Vec::new());
    let mut like = None;
    for argument in arguments.iter().flat_map(SyntaxNode::children) {
        match argument.kind() {
            SyntaxKind::COLUMN => {
                let (column, at_column) = column(&argument, place);
                columns.extend(column);
                constraints.extend(at_column);
            }
            SyntaxKind::LIKE_CLAUSE => {
                like = name_in(&argument, &[SyntaxKind::RELATION_NAME_REF]);
            }
            _ => constraints.extend(constraint(&argument, None, place)),
        }
    }
    let partition_of = child(node, SyntaxKind::PARTITION_OF)
        .and_then(|of| name_in(&of, &[SyntaxKind::TABLE_NAME_REF]));
    let partition_columns =
        child(node, SyntaxKind::PARTITION_BY).map(|by| named(&by).1).unwrap_or_default();
    let like = like.or_else(|| {
        child(node, SyntaxKind::INHERITS)
            .and_then(|clause| name_in(&clause, &[SyntaxKind::TABLE_NAME_REF]))
    });
    let has_other_columns = like.is_some()
        || partition_of.is_some()
        || has(node, SyntaxKind::INHERITS)
        || has(node, SyntaxKind::OF_TYPE);
    Action::CreateTable(CreateTable {
        name: name(&table_name),
        name_span: span(&table_name, place),
        is_optional: has(node, SyntaxKind::IF_NOT_EXISTS),
        is_temporary: has(node, SyntaxKind::TEMP),
        columns,
        constraints,
        partition_of,
        partition_columns,
        has_other_columns,
        like,
        options: child(node, SyntaxKind::WITH_PARAMS)
            .map(|with| options(&with))
            .unwrap_or_default(),
    })
}

/// Reads a column and the constraints written at it.
fn column(node: &SyntaxNode, place: &Place<'_>) -> (Option<Column>, Vec<Constraint>) {
    let Some(name_node) = child(node, SyntaxKind::COLUMN_NAME) else { return (None, Vec::new()) };
    let name = plain_name(&name_node);
    let type_node = node.children().find(|child| is_type(child.kind()));
    let constraints: Vec<Constraint> =
        node.children().filter_map(|child| constraint(&child, Some(&name), place)).collect();
    let generated = child(node, SyntaxKind::GENERATED_CONSTRAINT);
    let default = child(node, SyntaxKind::DEFAULT_CONSTRAINT)
        .and_then(|clause| clause.children().last())
        .map(|value| expression(&value, place));
    let is_key = constraints.iter().any(|one| matches!(one.kind, ConstraintKind::PrimaryKey));
    let column = Column {
        is_quoted: one_line(&name_node).starts_with('"'),
        span: span(&name_node, place),
        data_type: DataType::parse(&type_node.as_ref().map(one_line).unwrap_or_default()),
        type_span: span(type_node.as_ref().unwrap_or(node), place),
        collation: collation(node),
        is_required: is_key || has(node, SyntaxKind::NOT_NULL_CONSTRAINT),
        default,
        is_stored_generated: generated
            .as_ref()
            .is_some_and(|clause| inner(clause, SyntaxKind::STORED).is_some()),
        is_identity: generated
            .as_ref()
            .is_some_and(|clause| inner(clause, SyntaxKind::GENERATED_IDENTITY).is_some()),
        name,
    };
    (Some(column), constraints)
}

/// Returns the collation that is written at a column.
fn collation(node: &SyntaxNode) -> Option<String> {
    let named = name_in(&child(node, SyntaxKind::COLLATE)?, &[SyntaxKind::COLLATION_REF])?;
    Some(named.name).filter(|name| name != "default")
}

fn is_type(kind: SyntaxKind) -> bool {
    matches!(
        kind,
        SyntaxKind::ARRAY_TYPE
            | SyntaxKind::BIT_TYPE
            | SyntaxKind::BIT_VARYING_TYPE
            | SyntaxKind::CHARACTER_TYPE
            | SyntaxKind::DOUBLE_TYPE
            | SyntaxKind::INTERVAL_TYPE
            | SyntaxKind::PATH_TYPE
            | SyntaxKind::TIME_TYPE
            | SyntaxKind::TIMESTAMP_TYPE
            | SyntaxKind::VARCHAR_TYPE
    )
}

/// Reads a constraint; `column` is the one it is written at.
fn constraint(node: &SyntaxNode, column: Option<&str>, place: &Place<'_>) -> Option<Constraint> {
    let listed = |kind| child(node, kind).map(|list| column_names(&list)).unwrap_or_default();
    let (kind, listed) = match node.kind() {
        SyntaxKind::NOT_NULL_CONSTRAINT if column.is_some() => return None,
        SyntaxKind::NOT_NULL_CONSTRAINT => (ConstraintKind::NotNull, column_names(node)),
        SyntaxKind::CHECK_CONSTRAINT => {
            let condition = node.children().find(|child| {
                !matches!(
                    child.kind(),
                    SyntaxKind::CONSTRAINT_NAME_CLAUSE
                        | SyntaxKind::NOT_VALID
                        | SyntaxKind::NO_INHERIT
                )
            })?;
            let condition = expression(&condition, place);
            let columns = condition.columns.clone();
            (ConstraintKind::Check(condition), columns)
        }
        SyntaxKind::PRIMARY_KEY_CONSTRAINT | SyntaxKind::UNIQUE_CONSTRAINT => {
            let columns = inner(node, SyntaxKind::CONSTRAINT_COLUMN_REF_LIST)
                .map(|list| column_names(&list))
                .unwrap_or_default();
            let is_key = node.kind() == SyntaxKind::PRIMARY_KEY_CONSTRAINT;
            (if is_key { ConstraintKind::PrimaryKey } else { ConstraintKind::Unique }, columns)
        }
        SyntaxKind::EXCLUDE_CONSTRAINT => (ConstraintKind::Exclude, excluded(node)),
        SyntaxKind::FOREIGN_KEY_CONSTRAINT => {
            let lists: Vec<Vec<String>> = node
                .children()
                .filter(|child| child.kind() == SyntaxKind::FOREIGN_KEY_COLUMN_LIST)
                .map(|list| column_names(&list))
                .collect();
            let table = name_in(node, &[SyntaxKind::TABLE_NAME_REF])?;
            let columns = lists.get(1).cloned().unwrap_or_default();
            let own = lists.into_iter().next().unwrap_or_default();
            let emptied = emptied(node);
            (ConstraintKind::ForeignKey(Reference { table, columns, emptied }), own)
        }
        SyntaxKind::REFERENCES_CONSTRAINT => {
            let table = name_in(node, &[SyntaxKind::TABLE_NAME_REF])?;
            let columns = node
                .children()
                .filter(|child| child.kind() == SyntaxKind::COLUMN_NAME_REF)
                .map(|child| plain_name(&child))
                .collect();
            let reference = Reference { table, columns, emptied: emptied(node) };
            (ConstraintKind::ForeignKey(reference), listed(SyntaxKind::COLUMN))
        }
        _ => return None,
    };
    let at_column = column.map(|column| vec![column.to_owned()]).unwrap_or_default();
    let name = child(node, SyntaxKind::CONSTRAINT_NAME_CLAUSE)
        .and_then(|clause| child(&clause, SyntaxKind::CONSTRAINT_NAME))
        .map(|name| plain_name(&name));
    Some(Constraint {
        name,
        kind,
        columns: if listed.is_empty() { at_column } else { listed },
        is_not_valid: has(node, SyntaxKind::NOT_VALID),
        using_index: child(node, SyntaxKind::USING_INDEX_NAME)
            .and_then(|clause| name_in(&clause, &[SyntaxKind::INDEX_REF])),
        span: span(node, place),
    })
}

/// Returns the columns that an exclusion constraint compares.
fn excluded(node: &SyntaxNode) -> Vec<String> {
    node.descendants()
        .filter(|inner| inner.kind() == SyntaxKind::CONSTRAINT_EXCLUSION)
        .flat_map(|compared| named(&compared).1)
        .collect()
}

/// Returns the columns that `on delete set null` or `set default` empties, none for all.
fn emptied(node: &SyntaxNode) -> Option<Vec<String>> {
    let action = child(node, SyntaxKind::ON_DELETE_ACTION)?;
    let set = child(&action, SyntaxKind::SET_NULL_COLUMNS)
        .or_else(|| child(&action, SyntaxKind::SET_DEFAULT_COLUMNS))?;
    Some(column_names(&set))
}

/// Reads `alter table`.
pub(super) fn alter(node: &SyntaxNode, place: &Place<'_>) -> Action {
    if has(node, SyntaxKind::ALL_IN_TABLESPACE) {
        return Action::MoveFiles { index: None, how: one_line(node).to_lowercase() };
    }
    let target = child(node, SyntaxKind::TABLE_RELATION_NAME)
        .or_else(|| child(node, SyntaxKind::TABLE_NAME_REF));
    let Some(target) = target else { return Action::Other };
    let changes = node
        .children()
        .filter(|child| {
            !matches!(child.kind(), SyntaxKind::TABLE_RELATION_NAME | SyntaxKind::IF_EXISTS)
        })
        .map(|change_node| (span(&change_node, place), change(&change_node, place)))
        .collect();
    Action::AlterTable(AlterTable { table: name(&target), changes })
}

/// Reads one thing that happens to a table.
pub(super) fn change(node: &SyntaxNode, place: &Place<'_>) -> Change {
    let name_of =
        |kinds: &[SyntaxKind]| name_in(node, kinds).map(|name| name.name).unwrap_or_default();
    let is_cascading = has(node, SyntaxKind::CASCADE);
    match node.kind() {
        SyntaxKind::ADD_COLUMN => match column(node, place) {
            (Some(column), constraints) => Change::AddColumn(column, constraints),
            (None, _) => Change::Other,
        },
        SyntaxKind::DROP_COLUMN => {
            Change::DropColumn { name: name_of(&[SyntaxKind::COLUMN_NAME_REF]), is_cascading }
        }
        SyntaxKind::ALTER_COLUMN => alter_column(node, place),
        SyntaxKind::ADD_CONSTRAINT => node
            .children()
            .find_map(|child| constraint(&child, None, place))
            .map_or(Change::Other, Change::AddConstraint),
        SyntaxKind::DROP_CONSTRAINT => Change::DropConstraint {
            name: name_of(&[SyntaxKind::CONSTRAINT_NAME_REF]),
            is_cascading,
        },
        SyntaxKind::VALIDATE_CONSTRAINT => {
            Change::ValidateConstraint(name_of(&[SyntaxKind::CONSTRAINT_NAME_REF]))
        }
        SyntaxKind::RENAME_COLUMN => Change::RenameColumn {
            from: name_of(&[SyntaxKind::COLUMN_NAME_REF]),
            to: name_of(&[SyntaxKind::COLUMN_NAME]),
        },
        SyntaxKind::TABLE_RENAME_TO => Change::RenameTable(name_of(&[SyntaxKind::TABLE_NAME])),
        SyntaxKind::RENAME_CONSTRAINT => Change::RenameConstraint {
            from: name_of(&[SyntaxKind::CONSTRAINT_NAME_REF]),
            to: name_of(&[SyntaxKind::CONSTRAINT_NAME]),
        },
        SyntaxKind::SET_SCHEMA => Change::SetSchema(name_of(&[SyntaxKind::SCHEMA_REF])),
        SyntaxKind::ATTACH_PARTITION => match name_in(node, &[SyntaxKind::TABLE_NAME_REF]) {
            Some(partition) => Change::AttachPartition {
                partition,
                is_default: has(node, SyntaxKind::PARTITION_DEFAULT),
            },
            None => Change::Other,
        },
        SyntaxKind::DETACH_PARTITION => match name_in(node, &[SyntaxKind::TABLE_NAME_REF]) {
            Some(partition) => Change::DetachPartition {
                partition,
                // The second half of one that was done concurrently.
                is_concurrent: has(node, SyntaxKind::DETACH_CONCURRENTLY)
                    || has(node, SyntaxKind::DETACH_FINALIZE),
            },
            None => Change::Other,
        },
        // One that is for replicas alone guards nothing here.
        SyntaxKind::DISABLE_TRIGGER | SyntaxKind::ENABLE_REPLICA_TRIGGER => Change::DisableTrigger(
            node.children().last().map(|last| one_line(&last)).unwrap_or_default(),
        ),
        SyntaxKind::ENABLE_TRIGGER | SyntaxKind::ENABLE_ALWAYS_TRIGGER => Change::EnableTrigger,
        SyntaxKind::SET_LOGGED
        | SyntaxKind::SET_UNLOGGED
        | SyntaxKind::SET_TABLESPACE
        | SyntaxKind::SET_ACCESS_METHOD => Change::MoveStorage(one_line(node).to_lowercase()),
        SyntaxKind::ENABLE_RLS => Change::EnableRowSecurity,
        SyntaxKind::DISABLE_RLS => Change::DisableRowSecurity,
        SyntaxKind::FORCE_RLS => Change::ForceRowSecurity,
        SyntaxKind::NO_FORCE_RLS => Change::UnforceRowSecurity,
        SyntaxKind::SET_OPTIONS => Change::SetOptions(options(node)),
        SyntaxKind::RESET_OPTIONS => Change::SetOptions(reset(node, "default")),
        SyntaxKind::OWNER_TO => Change::OwnerTo(name_of(&[SyntaxKind::ROLE_REF])),
        _ => Change::Other,
    }
}

/// Reads `alter column`.
fn alter_column(node: &SyntaxNode, place: &Place<'_>) -> Change {
    let Some(column) = child(node, SyntaxKind::COLUMN_NAME_REF).map(|name| plain_name(&name))
    else {
        return Change::Other;
    };
    let option = |kind| child(node, kind);
    if let Some(set) = option(SyntaxKind::SET_TYPE) {
        let to = set.children().find(|child| is_type(child.kind()));
        let using = child(&set, SyntaxKind::USING_EXPR)
            .and_then(|clause| clause.children().next())
            .map(|value| expression(&value, place));
        return Change::SetType {
            column,
            to: DataType::parse(&to.as_ref().map(one_line).unwrap_or_default()),
            collation: collation(&set),
            using,
        };
    }
    if let Some(value) = option(SyntaxKind::SET_DEFAULT).and_then(|it| it.children().last()) {
        return Change::SetDefault(column, expression(&value, place));
    }
    if option(SyntaxKind::DROP_DEFAULT).or_else(|| option(SyntaxKind::DROP_IDENTITY)).is_some() {
        return Change::DropDefault(column);
    }
    if option(SyntaxKind::SET_NOT_NULL).is_some() {
        return Change::SetNotNull(column);
    }
    if option(SyntaxKind::DROP_NOT_NULL).is_some() {
        return Change::DropNotNull(column);
    }
    if let Some(restart) = option(SyntaxKind::RESTART) {
        return Change::RestartIdentity(column, restart.children().last().map(|at| one_line(&at)));
    }
    if let Some(generated) = option(SyntaxKind::ADD_GENERATED)
        && one_line(&generated).to_lowercase().contains("identity")
    {
        return Change::AddIdentity(column);
    }
    Change::Other
}
