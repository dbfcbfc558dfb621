//! Finds columns in the expressions that EXPLAIN prints, and writes expressions without the table's alias.

use std::ops::Range;

/// A column as an expression names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    /// What the statement calls the table; none where a plan of one table leaves it out.
    pub(crate) alias: Option<String>,
    /// The column; `*` for the whole row.
    pub(crate) column: String,
    /// Where it stands.
    pub(crate) span: Range<usize>,
}

/// Finds the columns of an expression, in their order. Names of functions and types are none; a bare name
/// may be a column or a keyword, which only a catalog can tell.
pub(crate) fn references(text: &str) -> Vec<Reference> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(first) = text.get(at..).and_then(|rest| rest.chars().next()) {
        at = match first {
            '\'' => behind_string(text, at),
            ':' if text.get(at..).is_some_and(|rest| rest.starts_with("::")) => {
                behind_type(text, at + 2)
            }
            _ if is_start(first) => {
                let (names, end) = names(text, at);
                found.extend(reference(text, names, at..end));
                end
            }
            _ => at + first.len_utf8(),
        };
    }
    found
}

/// Writes an expression of one table without the table's name before its columns.
pub(crate) fn without_alias(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    let mut done = 0;
    for reference in references(text).into_iter().filter(|it| it.alias.is_some()) {
        written.push_str(text.get(done..reference.span.start).unwrap_or_default());
        written.push_str(&crate::plans::quoted(&reference.column));
        done = reference.span.end;
    }
    written.push_str(text.get(done..).unwrap_or_default());
    written
}

fn reference(text: &str, mut names: Vec<String>, span: Range<usize>) -> Option<Reference> {
    if text.get(span.end..).is_some_and(|rest| rest.starts_with('(')) || names.len() > 2 {
        return None;
    }
    let column = names.pop()?;
    Some(Reference { alias: names.pop(), column, span })
}

fn is_start(first: char) -> bool {
    first.is_alphabetic() || first == '_' || first == '"' || first == '$'
}

/// Reads a name and those that follow it behind dots; answers them and where they end.
fn names(text: &str, start: usize) -> (Vec<String>, usize) {
    let mut names = Vec::new();
    let mut at = start;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let (name, length) = match rest.strip_prefix('"') {
            Some(inner) => quoted_name(inner),
            None if rest.starts_with('*') => ("*".to_owned(), 1),
            None => {
                let end = rest.find(|it: char| !it.is_alphanumeric() && it != '_' && it != '$');
                let end = end.unwrap_or(rest.len());
                (rest.get(..end).unwrap_or_default().to_owned(), end)
            }
        };
        at += length.max(1);
        names.push(name);
        let rest = text.get(at..).unwrap_or_default();
        let next = rest.strip_prefix('.').and_then(|behind| behind.chars().next());
        if !next.is_some_and(|next| is_start(next) || next == '*') {
            return (names, at.min(text.len()));
        }
        at += 1;
    }
}

/// Reads what stands behind an opening quote of a name; answers it and its length with both quotes.
fn quoted_name(inner: &str) -> (String, usize) {
    let mut from = 0;
    while let Some(quote) = inner.get(from..).and_then(|rest| rest.find('"')) {
        let end = from + quote;
        if inner.get(end + 1..).is_some_and(|rest| rest.starts_with('"')) {
            from = end + 2;
            continue;
        }
        return (inner.get(..end).unwrap_or_default().replace("\"\"", "\""), end + 2);
    }
    (inner.to_owned(), inner.len() + 1)
}

fn behind_string(text: &str, start: usize) -> usize {
    let mut at = start + 1;
    while let Some(quote) = text.get(at..).and_then(|rest| rest.find('\'')) {
        let end = at + quote + 1;
        if text.get(end..).is_some_and(|rest| rest.starts_with('\'')) {
            at = end + 1;
        } else {
            return end;
        }
    }
    text.len()
}

/// Types of several words, as the server prints them; the rest of a type is one name.
const WORDY: [&str; 5] = [
    "timestamp without time zone",
    "timestamp with time zone",
    "time without time zone",
    "time with time zone",
    "double precision",
];

fn behind_type(text: &str, start: usize) -> usize {
    let rest = text.get(start..).unwrap_or_default();
    if let Some(wordy) = WORDY.iter().find(|wordy| rest.starts_with(**wordy)) {
        return start + wordy.len();
    }
    if rest.starts_with("character varying") {
        return start + "character varying".len();
    }
    if rest.starts_with(is_start) { names(text, start).1 } else { start }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> Vec<String> {
        let shown = |it: Reference| match it.alias {
            Some(alias) => format!("{alias}.{}", it.column),
            None => it.column,
        };
        references(text).into_iter().map(shown).collect()
    }

    #[test]
    fn columns_are_found_and_functions_types_and_texts_are_not() {
        assert_eq!(named("((l.a)::date = '2026-01-05'::date)"), ["l.a"]);
        assert_eq!(
            named("lower((n.\"Odd name\")::character varying) = 'l.b''x.y'"),
            ["n.Odd name"]
        );
        assert_eq!(named("pg_catalog.date(l.at) < (o.x + l.y)"), ["l.at", "o.x", "l.y"]);
        assert_eq!(named("l.*"), ["l.*"]);
        assert_eq!(named("(a.t > '2026-01-01 00:00:00+00'::timestamp with time zone)"), ["a.t"]);
        assert_eq!(named("sum(quantity)"), ["quantity"]);
        assert_eq!(named("\"open"), ["open"]);
    }

    #[test]
    fn an_expression_loses_its_alias_and_keeps_the_rest() {
        assert_eq!(without_alias("lower((l.note)::text)"), "lower((note)::text)");
        assert_eq!(
            without_alias("(l.\"Total\" > '1.l.x'::numeric)"),
            "(\"Total\" > '1.l.x'::numeric)"
        );
    }
}
