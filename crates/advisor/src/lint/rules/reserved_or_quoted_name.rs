//! A name that must be written in quotes for ever.

use super::added_columns;
use super::{About, Rule};
use crate::lint::script::Span;
use crate::lint::script::action::Action;
use crate::lint::{At, Findings, Severity};

/// A name that must be written in quotes for ever.
pub(super) struct ReservedOrQuotedName;

const ABOUT: About = About {
    name: "reserved-or-quoted-name",
    severity: Severity::Warning,
    summary: "The name is a reserved word, or has capitals or spaces.",
    why: "Whoever forgets the quotes gets a syntax error or another name, and tools that write SQL \
        forget them.",
    remedy: "use lower case letters, digits and underscores, and no reserved word",
    given: "",
    bad: "create table \"Orders\" (id bigint primary key);",
    good: "create table orders (id bigint primary key);",
};

impl Rule for ReservedOrQuotedName {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn check(&self, at: &At<'_>, findings: &mut Findings<'_>) {
        let mut names: Vec<(Span, String)> = Vec::new();
        if let Action::CreateTable(create) = &at.statement.action {
            names.push((create.name_span, create.name.name.clone()));
        }
        for (_, column) in added_columns(&at.statement.action) {
            names.push((column.span, column.name.clone()));
        }
        for (span, name) in names {
            let is_plain = name
                .chars()
                .all(|each| each.is_lowercase() || each.is_ascii_digit() || each == '_');
            let begins_well = name.starts_with(|each: char| each.is_alphabetic() || each == '_');
            if is_reserved(&name) {
                findings.add(
                    span,
                    format!("`{name}` is a reserved word: it needs quotes in every query"),
                );
            } else if !is_plain || !begins_well {
                findings.add(span, format!("`{name}` needs quotes in every query"));
            }
        }
    }
}

/// Whether PostgreSQL takes a word for a name in quotes only.
pub(crate) fn is_reserved(word: &str) -> bool {
    RESERVED.contains(&word)
}

/// Words that PostgreSQL takes for a name in quotes only.
const RESERVED: &[&str] = &[
    "all",
    "analyse",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "asymmetric",
    "both",
    "case",
    "cast",
    "check",
    "collate",
    "column",
    "constraint",
    "create",
    "current_catalog",
    "current_date",
    "current_role",
    "current_time",
    "current_timestamp",
    "current_user",
    "default",
    "deferrable",
    "desc",
    "distinct",
    "do",
    "else",
    "end",
    "except",
    "false",
    "fetch",
    "for",
    "foreign",
    "from",
    "grant",
    "group",
    "having",
    "in",
    "initially",
    "intersect",
    "into",
    "lateral",
    "leading",
    "limit",
    "localtime",
    "localtimestamp",
    "not",
    "null",
    "offset",
    "on",
    "only",
    "or",
    "order",
    "placing",
    "primary",
    "references",
    "returning",
    "select",
    "session_user",
    "some",
    "symmetric",
    "system_user",
    "table",
    "then",
    "to",
    "trailing",
    "true",
    "union",
    "unique",
    "user",
    "using",
    "variadic",
    "when",
    "where",
    "window",
    "with",
];
