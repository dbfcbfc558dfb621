//! What is rehearsed: migrations, and the statements in them.

use crate::lint;
use crate::lint::belongs_to_server;
use crate::lint::script::Action;

/// How much of a statement is shown.
const SHOWN: usize = 160;

/// A migration.
#[derive(Clone, Debug)]
pub struct Migration {
    /// What it is called.
    pub name: String,
    /// What applies it.
    pub up: Script,
    /// What takes it back.
    pub down: Option<Script>,
}

/// One way of a migration, as its runner runs it.
#[derive(Clone, Debug)]
pub struct Script {
    /// Its text.
    pub text: String,
    /// Whether the runner makes it one transaction.
    pub is_wrapped: bool,
    /// What the runner does before it: settings, roles. Within the transaction where it makes one.
    pub before: String,
    /// What the runner does behind it, such as writing it down.
    pub after: String,
}

impl Script {
    /// A script as a terminal would run it: each statement for itself.
    pub fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_wrapped: false, before: String::new(), after: String::new() }
    }

    /// Returns the first statement that changes what all databases of a server share, so that a copy of one
    /// database does not keep it apart. SQL that is put together when it runs cannot be looked at.
    pub fn of_server(&self) -> Option<String> {
        [&self.before, &self.text, &self.after].into_iter().find_map(|text| belongs_to_server(text))
    }

    /// Takes it apart. What the parser does not understand runs as one statement.
    pub(super) fn steps(&self) -> Vec<Step> {
        let script = lint::Script::parse("rehearsed.sql", self.text.as_str());
        let whole = || Step {
            line: 1,
            text: self.text.clone(),
            kind: StepKind::Statement,
            action: Action::Other,
        };
        if !script.problems.is_empty() {
            return vec![whole()];
        }
        let top = script.statements.iter().filter(|statement| !statement.is_nested);
        top.map(|statement| Step {
            line: script.position(statement.span.start).0,
            text: script.slice(statement.span).trim().trim_end_matches(';').to_owned(),
            kind: match statement.action {
                Action::Begin => StepKind::Begin,
                Action::Commit | Action::Rollback => StepKind::End,
                _ => StepKind::Statement,
            },
            action: statement.action.clone(),
        })
        .filter(|step| !step.text.is_empty())
        .collect()
    }
}

/// One statement of a script.
pub(super) struct Step {
    pub(super) line: usize,
    pub(super) text: String,
    pub(super) kind: StepKind,
    pub(super) action: Action,
}

/// Whether a statement begins or ends a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StepKind {
    Begin,
    End,
    Statement,
}

impl Step {
    /// Returns the statement in one line.
    pub(super) fn shown(&self) -> String {
        let mut line = String::new();
        let uncommented = self.text.lines().map(|line| match line.trim_start().starts_with("--") {
            true => "",
            false => line,
        });
        for word in uncommented.flat_map(str::split_whitespace) {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
            if line.chars().count() > SHOWN {
                let cut: String = line.chars().take(SHOWN).collect();
                return cut + "…";
            }
        }
        line
    }
}
