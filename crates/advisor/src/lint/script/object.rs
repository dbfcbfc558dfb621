//! What statements do with views, rows, functions, policies and rights: the part of actions that is no
//! table.

use super::action::Expression;
use super::{Name, Span};

/// What kind of thing is dropped or renamed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectKind {
    /// A table.
    Table,
    /// A view.
    View,
    /// A materialized view.
    MaterializedView,
    /// An index.
    Index,
    /// A schema.
    Schema,
    /// A database.
    Database,
    /// A policy.
    Policy,
    /// A trigger.
    Trigger,
    /// A type or domain.
    Type,
    /// All that a role owns.
    Owned,
    /// A function or procedure.
    Routine,
    /// A value of an enum.
    EnumValue,
    /// A sequence.
    Sequence,
    /// An extension.
    Extension,
    /// Anything else.
    Other,
}

/// `drop`, of anything.
#[derive(Clone, Debug)]
pub struct Drop {
    /// What kind of thing.
    pub kind: ObjectKind,
    /// The things.
    pub names: Vec<Name>,
    /// The table that a policy or trigger is on.
    pub on: Option<Name>,
    /// `cascade`.
    pub is_cascading: bool,
    /// `concurrently`.
    pub is_concurrent: bool,
}

/// `create view`, `create materialized view`.
#[derive(Clone, Debug)]
pub struct CreateView {
    /// The view.
    pub name: Name,
    /// `materialized`.
    pub is_materialized: bool,
    /// Where `*` stands among its columns.
    pub stars: Vec<Span>,
    /// Its options in lower case: name and value.
    pub options: Vec<(String, String)>,
    /// The tables it reads.
    pub reads: Vec<Name>,
    /// The calls in it.
    pub calls: Vec<String>,
    /// `with no data`.
    pub is_empty: bool,
}

impl CreateView {
    /// Whether an option is on.
    pub fn has_option(&self, option: &str) -> bool {
        self.options.iter().any(|(name, value)| name == option && !is_off(value))
    }

    /// `security_invoker`: whoever reads it, reads with rights of their own.
    pub fn is_of_invoker(&self) -> bool {
        self.has_option("security_invoker")
    }
}

/// Whether the value of an option says no.
pub fn is_off(value: &str) -> bool {
    matches!(value, "false" | "off" | "no" | "0")
}

/// A statement that changes rows.
#[derive(Clone, Debug)]
pub struct ChangeRows {
    /// `update`, `delete`, `merge` or `insert`.
    pub verb: &'static str,
    /// The table.
    pub table: Name,
    /// The condition.
    pub condition: Option<Condition>,
    /// Tables that rows are read from.
    pub reads: Vec<Name>,
    /// Texts in quotes, as they may name values of an enum.
    pub texts: Vec<String>,
    /// The columns that an update sets.
    pub sets: Vec<String>,
}

/// Which rows a statement changes.
#[derive(Clone, Debug)]
pub struct Condition {
    /// As it is written, in one line.
    pub text: String,
    /// Whether it holds for every row: `true`, `1 = 1`.
    pub is_always_true: bool,
    /// Whether a `limit` or `fetch first` bounds it somewhere.
    pub has_limit: bool,
    /// Columns that are compared with a range that has two ends.
    pub ranged: Vec<String>,
    /// Columns that must equal a value, or one of a list of values.
    pub equal: Vec<String>,
    /// Columns that must equal a value that a query finds.
    pub found: Vec<String>,
}

/// `create function` or `create procedure`.
#[derive(Clone, Debug)]
pub struct CreateFunction {
    /// The function.
    pub name: Name,
    /// `security definer`.
    pub is_definer: bool,
    /// `set search_path`.
    pub has_search_path: bool,
    /// `leakproof`.
    pub is_leakproof: bool,
    /// SQL that is put together when it runs.
    pub dynamic: Vec<Span>,
    /// `returns trigger`: it is given the rows it is about.
    pub is_of_trigger: bool,
    /// The tables that its body reads.
    pub reads: Vec<Name>,
    /// The words of its body, in lower case.
    pub words: Vec<String>,
}

/// `create policy`, `alter policy`.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Its name.
    pub name: String,
    /// The table.
    pub table: Name,
    /// `as restrictive`.
    pub is_restrictive: bool,
    /// `select`, `insert`, `update`, `delete` or `all`.
    pub command: String,
    /// Which rows are seen.
    pub using: Option<Expression>,
    /// Which rows may be written.
    pub check: Option<Expression>,
    /// What the shape of `using` tells.
    pub using_logic: Option<Logic>,
    /// What the shape of `check` tells.
    pub check_logic: Option<Logic>,
    /// The roles it is for; none for everybody, and where `alter policy` leaves them alone.
    pub roles: Vec<String>,
    /// `alter policy`.
    pub is_altered: bool,
}

/// What the shape of a condition tells of the rows that it lets through.
#[derive(Clone, Debug)]
pub enum Logic {
    /// `and`: each must hold.
    All(Vec<Logic>),
    /// `or`: one is enough.
    Any(Vec<Logic>),
    /// A column must equal something.
    Equal {
        /// The column.
        column: String,
        /// Whether a function says what: a setting, the role.
        asks: bool,
        /// The tables whose rows say what.
        reads: Vec<Name>,
    },
    /// No row passes.
    Never,
    /// `exists (..)`, with what is named in it: the row, where the query looks at it.
    Exists(Vec<String>),
    /// A function or a query decides, and sees the row.
    Unclear,
    /// It binds no column to a value: rows pass whoever's they are.
    Open,
}

/// `grant`.
#[derive(Clone, Debug)]
pub struct Grant {
    /// What is granted, in one line.
    pub privileges: String,
    /// On what, in one line; empty for membership in a role.
    pub on: String,
    /// The tables among it.
    pub tables: Vec<Name>,
    /// To whom.
    pub to: Vec<String>,
    /// For what will be made later: `alter default privileges`.
    pub is_default: bool,
}

impl Grant {
    /// Returns the roles that it makes others members of; none where it gives rights on something.
    pub fn roles(&self) -> Vec<String> {
        if !self.on.is_empty() || self.is_default {
            return Vec::new();
        }
        self.privileges.split(',').map(|role| role.trim().trim_matches('"').to_owned()).collect()
    }
}

/// `create role`, `alter role`, `alter group`.
#[derive(Clone, Debug)]
pub struct Role {
    /// Its name, none for all roles.
    pub name: Option<String>,
    /// Its options in lower case, word by word.
    pub options: Vec<String>,
    /// The roles that it becomes a member of.
    pub member_of: Vec<String>,
    /// The roles that become members of it.
    pub members: Vec<String>,
}

impl Role {
    /// Returns the option by which no policy holds for it.
    pub fn lifting_option(&self) -> Option<&str> {
        let lifts = |option: &&String| matches!(option.as_str(), "bypassrls" | "superuser");
        self.options.iter().find(lifts).map(String::as_str)
    }
}

/// `create rule`.
#[derive(Clone, Debug)]
pub struct CreateRule {
    /// The rule.
    pub name: String,
    /// The table or view.
    pub table: Name,
    /// `select`, `insert`, `update` or `delete`.
    pub event: String,
    /// Whether the statement itself is not run.
    pub is_instead: bool,
    /// Whether nothing is run in its place.
    pub is_nothing: bool,
}

/// `create publication`, `alter publication`.
#[derive(Clone, Debug)]
pub struct Publish {
    /// `all tables`.
    pub is_everything: bool,
    /// `tables in schema`.
    pub schemas: Vec<String>,
    /// The tables.
    pub tables: Vec<Published>,
}

/// A table whose rows a publication sends.
#[derive(Clone, Debug)]
pub struct Published {
    /// The table.
    pub table: Name,
    /// The columns that its rows are chosen by.
    pub chosen_by: Vec<String>,
}

/// A call of a function.
#[derive(Clone, Debug)]
pub struct CallOf {
    /// The function, in lower case, with its schema where that is written.
    pub name: String,
    /// Its arguments: parameter name where it is written, and the value without quotes.
    pub arguments: Vec<(Option<String>, String)>,
}
