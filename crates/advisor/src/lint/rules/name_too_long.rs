//! A name that PostgreSQL cuts.

use super::added_columns;
use super::{About, Rule};
use crate::lint::script::Span;
use crate::lint::script::action::Action;
use crate::lint::{At, Findings, Severity};

/// A name that PostgreSQL cuts.
pub(super) struct NameTooLong;

const ABOUT: About = About {
    name: "name-too-long",
    severity: Severity::Error,
    summary: "Names end after 63 bytes; the rest is cut with a notice.",
    why: "Two names that differ at the end only become one, and code that uses the long name works \
        until it compares it with the catalog.",
    remedy: "shorten the name",
    given: "",
    bad: "\
create table a_table_whose_name_somebody_made_up_from_every_word_of_its_comment (id bigint primary key);",
    good: "create table commented (id bigint primary key);",
};

impl Rule for NameTooLong {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        let mut names: Vec<(Span, &str)> = Vec::new();
        match &at.statement.action {
            Action::CreateTable(create) => names.push((create.name_span, &create.name.name)),
            Action::CreateIndex(index) => {
                names.extend(index.name.iter().map(|name| (at.statement.span, name.name.as_str())));
            }
            Action::CreateFunction(function) => {
                names.push((at.statement.span, &function.name.name));
            }
            Action::CreateView(view) => names.push((at.statement.span, &view.name.name)),
            _ => {}
        }
        for (_, column) in added_columns(&at.statement.action) {
            names.push((column.span, &column.name));
        }
        for (span, name) in names {
            if name.len() > MOST_BYTES {
                let kept: String = name.chars().take(MOST_BYTES).collect();
                findings
                    .add(span, format!("{} bytes: what is made is called `{kept}`", name.len()));
            }
        }
    }
}

/// The longest name: NAMEDATALEN less one.
const MOST_BYTES: usize = 63;
