//! What a statement does, in the words that rules are written in.
//!
//! Only what some rule asks is kept. The syntax tree it comes from stays in `read`, so that another
//! parser would be another `read` and no other rule.

pub use super::object::{
    CallOf, ChangeRows, Condition, CreateFunction, CreateRule, CreateView, Drop, Grant, Logic,
    ObjectKind, Policy, Publish, Published, Role, is_off,
};
use super::{Name, Span};
use crate::lint::data_type::DataType;

/// What a statement does.
#[derive(Clone, Debug)]
pub enum Action {
    /// `create table`.
    CreateTable(CreateTable),
    /// `create table .. as` or `select .. into`.
    CreateTableAs {
        /// The table.
        name: Name,
        /// The tables whose rows it copies.
        reads: Vec<Name>,
        /// `temporary`.
        is_temporary: bool,
        /// Whether somebody said how many rows at most.
        has_limit: bool,
    },
    /// `alter table`, and what `alter view` and `alter materialized view` have in common with it.
    AlterTable(AlterTable),
    /// `create index`.
    CreateIndex(CreateIndex),
    /// `drop`, of anything.
    Drop(Drop),
    /// `alter index .. rename to`, and the like for views, types, functions and schemas.
    Rename {
        /// What is renamed.
        kind: ObjectKind,
        /// Its old name.
        from: Name,
        /// Its new name, in the old schema unless it names another.
        to: String,
    },
    /// `create view`, `create materialized view`.
    CreateView(CreateView),
    /// `alter view .. set (..)`, `alter view .. reset (..)`.
    SetViewOptions {
        /// The view.
        view: Name,
        /// Its options in lower case: name and value, `false` for what is reset.
        options: Vec<(String, String)>,
    },
    /// `alter index .. set tablespace`, `alter table all in tablespace .. set tablespace`: copies files.
    MoveFiles {
        /// The index, none for all that a tablespace has.
        index: Option<Name>,
        /// The words.
        how: String,
    },
    /// `create trigger`.
    CreateTrigger {
        /// The table.
        table: Name,
    },
    /// `refresh materialized view`.
    Refresh {
        /// The view.
        view: Name,
        /// Whether readers may go on.
        is_concurrent: bool,
        /// Whether it is emptied instead.
        is_emptied: bool,
    },
    /// `reindex`.
    Reindex {
        /// The table, where one is named.
        table: Option<Name>,
        /// The index, where one is named.
        index: Option<Name>,
        /// Whether writers may go on.
        is_concurrent: bool,
    },
    /// `vacuum`.
    Vacuum {
        /// Whether it writes the table anew.
        is_full: bool,
        /// The tables, none for all.
        tables: Vec<Name>,
    },
    /// `cluster`.
    Cluster {
        /// The table, none for all.
        table: Option<Name>,
    },
    /// `truncate`.
    Truncate {
        /// The tables.
        tables: Vec<Name>,
        /// Whether tables that refer to them are emptied too.
        is_cascading: bool,
    },
    /// `lock table`.
    Lock {
        /// The tables.
        tables: Vec<Name>,
        /// The mode in lower case, as it is written.
        mode: String,
    },
    /// `update`, `delete`, `merge` or `insert .. select`.
    ChangeRows(ChangeRows),
    /// `create function` or `create procedure`.
    CreateFunction(CreateFunction),
    /// `do`.
    Do {
        /// SQL that is put together when it runs.
        dynamic: Vec<Span>,
    },
    /// `create policy`, `alter policy`.
    Policy(Policy),
    /// `grant`.
    Grant(Grant),
    /// `create role`, `alter role`, `alter group`.
    Role(Role),
    /// `alter role .. set`, `alter database .. set`: a setting that later sessions begin with.
    SetForSessions {
        /// The role, or `database` and its name.
        whose: String,
        /// The setting.
        name: String,
        /// Its value.
        value: String,
    },
    /// `reassign owned`: to whom.
    Reassign(Vec<String>),
    /// `create rule`.
    CreateRule(CreateRule),
    /// `create publication`, `alter publication .. add`, `alter publication .. set`.
    Publish(Publish),
    /// `create sequence`.
    CreateSequence(Name),
    /// `alter sequence .. restart`.
    RestartSequence {
        /// The sequence.
        sequence: Name,
        /// The number it goes on with, as it is written; none for the one it began with.
        at: Option<String>,
    },
    /// `alter sequence .. cycle`.
    CycleSequence(Name),
    /// `alter system`.
    AlterSystem,
    /// `copy` with a file or a program of the server's machine.
    CopyOnServer {
        /// Whether it is a program.
        is_program: bool,
    },
    /// `create domain`.
    CreateDomain {
        /// The domain.
        name: Name,
        /// Whether it looks at its values.
        is_checked: bool,
    },
    /// `create type .. as enum`.
    CreateEnum(Name),
    /// `alter type .. add value`.
    AddEnumValue {
        /// The type.
        name: Name,
        /// The value.
        value: String,
    },
    /// `alter domain .. add constraint`, `alter domain .. set not null`.
    ConstrainDomain {
        /// The domain.
        domain: Name,
        /// Whether values that are there are not looked at.
        is_not_valid: bool,
    },
    /// `select`, for the functions it calls.
    Select {
        /// Its calls, outermost first.
        calls: Vec<CallOf>,
    },
    /// `set` or `set local`.
    Set {
        /// The setting.
        name: String,
        /// Its value.
        value: String,
    },
    /// `begin`.
    Begin,
    /// `commit`.
    Commit,
    /// `rollback`.
    Rollback,
    /// Anything else.
    Other,
}

/// `create table`.
#[derive(Clone, Debug)]
pub struct CreateTable {
    /// The table.
    pub name: Name,
    /// Where its name is written.
    pub name_span: Span,
    /// `if not exists`.
    pub is_optional: bool,
    /// `temporary`.
    pub is_temporary: bool,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Constraints of the table, and those of its columns.
    pub constraints: Vec<Constraint>,
    /// The table it is a partition of.
    pub partition_of: Option<Name>,
    /// The columns it is partitioned by.
    pub partition_columns: Vec<String>,
    /// Whether columns come from elsewhere: `like`, `inherits`, `partition of`, `of type`.
    pub has_other_columns: bool,
    /// The table whose columns `like` copies, or `inherits` has.
    pub like: Option<Name>,
    /// Storage options such as `tsdb.hypertable`, in lower case: name and value.
    pub options: Vec<(String, String)>,
}

/// A column as it is declared.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Whether the name is in quotes.
    pub is_quoted: bool,
    /// Where its name is written.
    pub span: Span,
    /// Its type.
    pub data_type: DataType,
    /// Where the type is written.
    pub type_span: Span,
    /// Its collation, none for the one its type has.
    pub collation: Option<String>,
    /// `not null`, or part of a primary key that is written at the column.
    pub is_required: bool,
    /// Its default.
    pub default: Option<Expression>,
    /// `generated always as (..) stored`.
    pub is_stored_generated: bool,
    /// `generated .. as identity`.
    pub is_identity: bool,
}

impl Column {
    /// Whether rows that are there have a value in it as soon as it is added.
    pub fn has_values(&self) -> bool {
        self.default.is_some()
            || self.is_stored_generated
            || self.is_identity
            || self.data_type.is_serial()
    }
}

/// An expression, as far as rules ask.
#[derive(Clone, Debug)]
pub struct Expression {
    /// As it is written, in one line.
    pub text: String,
    /// Where.
    pub span: Span,
    /// Functions it calls, in lower case and without schema.
    pub calls: Vec<String>,
    /// Names in it that may be columns.
    pub columns: Vec<String>,
}

/// A constraint.
#[derive(Clone, Debug)]
pub struct Constraint {
    /// Its name, where it has one.
    pub name: Option<String>,
    /// What it demands.
    pub kind: ConstraintKind,
    /// The columns it names.
    pub columns: Vec<String>,
    /// `not valid`.
    pub is_not_valid: bool,
    /// The index it takes over.
    pub using_index: Option<Name>,
    /// Where it is written.
    pub span: Span,
}

/// What a constraint demands.
#[derive(Clone, Debug)]
pub enum ConstraintKind {
    /// `not null`, as a constraint of the table.
    NotNull,
    /// `check`.
    Check(Expression),
    /// `primary key`.
    PrimaryKey,
    /// `unique`.
    Unique,
    /// `exclude`.
    Exclude,
    /// `foreign key` or `references`.
    ForeignKey(Reference),
}

/// What a foreign key refers to.
#[derive(Clone, Debug)]
pub struct Reference {
    /// The table.
    pub table: Name,
    /// Its columns; none stands for its primary key.
    pub columns: Vec<String>,
    /// `on delete set null`, `on delete set default`: the columns, none for all that refer.
    pub emptied: Option<Vec<String>>,
}

/// `alter table`.
#[derive(Clone, Debug)]
pub struct AlterTable {
    /// The table.
    pub table: Name,
    /// What happens to it, in order.
    pub changes: Vec<(Span, Change)>,
}

/// One thing that happens to a table.
#[derive(Clone, Debug)]
pub enum Change {
    /// `add column`, with the constraints written at it.
    AddColumn(Column, Vec<Constraint>),
    /// `drop column`.
    DropColumn {
        /// The column.
        name: String,
        /// Whether what depends on it goes too.
        is_cascading: bool,
    },
    /// `alter column .. type`.
    SetType {
        /// The column.
        column: String,
        /// Its new type.
        to: DataType,
        /// Its new collation, none for the one its type has.
        collation: Option<String>,
        /// How old values become new ones.
        using: Option<Expression>,
    },
    /// `alter column .. set not null`.
    SetNotNull(String),
    /// `alter column .. drop not null`.
    DropNotNull(String),
    /// `alter column .. set default`.
    SetDefault(String, Expression),
    /// `alter column .. drop default`, `alter column .. drop identity`.
    DropDefault(String),
    /// `alter column .. add generated as identity`.
    AddIdentity(String),
    /// `alter column .. restart`: the number it goes on with, none for the one it began with.
    RestartIdentity(String, Option<String>),
    /// `owner to`.
    OwnerTo(String),
    /// `add constraint`.
    AddConstraint(Constraint),
    /// `drop constraint`.
    DropConstraint {
        /// The constraint.
        name: String,
        /// Whether what depends on it goes too.
        is_cascading: bool,
    },
    /// `validate constraint`.
    ValidateConstraint(String),
    /// `rename column`.
    RenameColumn {
        /// Its old name.
        from: String,
        /// Its new one.
        to: String,
    },
    /// `rename to`.
    RenameTable(String),
    /// `rename constraint`.
    RenameConstraint {
        /// Its old name.
        from: String,
        /// Its new one.
        to: String,
    },
    /// `set schema`.
    SetSchema(String),
    /// `attach partition`.
    AttachPartition {
        /// The partition.
        partition: Name,
        /// `default`, which takes what no other takes.
        is_default: bool,
    },
    /// `detach partition`.
    DetachPartition {
        /// The partition.
        partition: Name,
        /// Whether readers and writers may go on.
        is_concurrent: bool,
    },
    /// `disable trigger`; the name, or `all` or `user`.
    DisableTrigger(String),
    /// `enable trigger`.
    EnableTrigger,
    /// `set logged`, `set unlogged`, `set tablespace`, `set access method`: the words.
    MoveStorage(String),
    /// `enable row level security`.
    EnableRowSecurity,
    /// `disable row level security`.
    DisableRowSecurity,
    /// `force row level security`.
    ForceRowSecurity,
    /// `no force row level security`.
    UnforceRowSecurity,
    /// `set (..)`: names in lower case, with values.
    SetOptions(Vec<(String, String)>),
    /// Changes of the catalog alone that lock for a moment.
    Other,
}

/// `create index`.
#[derive(Clone, Debug)]
pub struct CreateIndex {
    /// Its name, where it has one.
    pub name: Option<Name>,
    /// The table.
    pub table: Name,
    /// `unique`.
    pub is_unique: bool,
    /// `concurrently`.
    pub is_concurrent: bool,
    /// `on only`, which builds no index of a partition.
    pub is_only: bool,
    /// The access method.
    pub method: String,
    /// Its columns and expressions as they are written, with their order and operator class.
    pub keys: Vec<String>,
    /// Which of the keys are plain columns.
    pub columns: Vec<Option<String>>,
    /// Columns that are only carried.
    pub included: Vec<String>,
    /// The condition of a partial index.
    pub condition: Option<String>,
}
