//! What a rollup's query says of now and of whoever asks, which times would be frozen, and where a day begins.

use squawk_syntax::{SyntaxKind, SyntaxNode};

use crate::indexes::Catalog;
use crate::rewrites::is_time;
use crate::rewrites::tree::{bare, column, text};

/// Words that are whoever asks.
const ASKERS: [&str; 3] = ["session_user", "user", "system_user"];

/// Whether what a text says depends on when, by whom, or with which values, it is asked.
pub(super) fn moves(text: &str) -> bool {
    let lower = text.to_lowercase().replace(" (", "(");
    [
        "now(",
        "current_",
        "localtime",
        "_timestamp(",
        "random(",
        "_privilege(",
        "pg_has_role(",
        "pg_backend_pid(",
        "inet_client_",
        "txid_current(",
        "$",
        "'now",
        "'today",
        "'yesterday",
        "'tomorrow",
    ]
    .iter()
    .any(|it| lower.contains(it))
        || names_the_asker(&lower)
}

/// Whether a text, in small letters, has a word that is whoever asks, outside of quotes and of no table.
fn names_the_asker(lower: &str) -> bool {
    let is_part = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '.');
    // What is quoted ends where it began: every second piece is outside.
    let outside = lower.split('\'').step_by(2).flat_map(|piece| piece.split('"').step_by(2));
    let mut words = outside.flat_map(|piece| piece.split(|letter| !is_part(letter)));
    words.any(|word| ASKERS.contains(&word))
}

/// Whether a text has a day or a time in it, which a rollup would keep for ever.
pub(super) fn names_a_time(text: &str) -> bool {
    let lower = text.to_lowercase();
    let mut literals = lower.split('\'').skip(1).step_by(2);
    let begins_with_date = |it: &str| {
        let letters: Vec<u8> = it.trim().bytes().take(5).collect();
        letters.len() == 5
            && letters.iter().take(4).all(u8::is_ascii_digit)
            && letters.last() == Some(&b'-')
    };
    literals.any(begins_with_date)
        || [
            "date '",
            "timestamp '",
            "timestamptz '",
            "time zone '",
            "make_date(",
            "make_timestamp",
            "to_timestamp(",
        ]
        .iter()
        .any(|it| lower.contains(it))
}

/// Whether a condition compares a time, or what is made of one, with something that is written out.
pub(super) fn freezes(term: &SyntaxNode, catalog: &Catalog) -> bool {
    let said = text(term);
    let has_value = term.descendants().any(|it| it.kind() == SyntaxKind::LITERAL);
    let cuts =
        ["extract(", "extract (", "date_part(", "date_trunc(", "to_char(", "age(", "time_bucket("];
    let lower = said.to_lowercase();
    let is_of_time = cuts.iter().any(|it| lower.contains(it))
        || term.descendants().filter_map(|it| column(&it)).any(|(_, name)| {
            let types = catalog.tables.iter().filter_map(|table| table.column(&name));
            types.into_iter().any(|it| is_time(&it.type_name))
        });
    names_a_time(&said) || (has_value && is_of_time)
}

/// Whether an expression is the day of a time: exactly one of the three ways that are understood.
pub(super) fn is_day_of(expression: &str, time: &str) -> bool {
    let squeezed = |text: &str| -> String {
        text.to_lowercase().chars().filter(|it| !it.is_whitespace()).collect()
    };
    let (expression, time) = (squeezed(expression), squeezed(time));
    [format!("date_trunc('day',{time})"), format!("{time}::date"), format!("date({time})")]
        .contains(&expression)
}

/// Whether an expression is a day, of whatever time.
pub(super) fn is_some_day(expression: &str) -> bool {
    let lower = expression.to_lowercase();
    let begins = ["date(", "date_trunc('day'", "time_bucket('1 day'"];
    lower.ends_with("::date") || begins.iter().any(|it| lower.starts_with(it))
}

/// Whether a value begins a day, as far as is written.
pub(super) fn is_midnight(node: &SyntaxNode) -> bool {
    let said = text(&bare(node.clone())).to_lowercase();
    if let Some(rest) = said.strip_prefix("current_date") {
        let days = rest.trim().strip_prefix(['-', '+']).map(str::trim);
        return rest.is_empty()
            || days.is_some_and(|it| !it.is_empty() && it.bytes().all(|it| it.is_ascii_digit()));
    }
    let types = ["date", "timestamptz", "timestamp"];
    let inner = types
        .iter()
        .find_map(|it| said.strip_prefix(it).map(str::trim_start).filter(|it| it.starts_with('\'')))
        .or_else(|| types.iter().find_map(|it| said.strip_suffix(&format!("::{it}"))))
        .unwrap_or(&said);
    let day = inner.strip_prefix('\'').and_then(|it| it.strip_suffix('\''));
    day.is_some_and(|it| it.len() == 10 && it.bytes().all(|it| it.is_ascii_digit() || it == b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_of_a_time_is_written_in_one_of_three_ways() {
        for day in ["date_trunc('day', x.at)", "x.at::date", "DATE(x.at)"] {
            assert!(is_day_of(day, "x.at"), "{day}");
        }
        for other in [
            "extract(day from x.at)",
            "date_trunc('month', x.at)",
            "date_trunc('day', x.at, 'UTC')",
            "date_trunc('day', x.at + interval '6 hours')",
            "date_trunc('day', y.at)",
            "to_char(x.at, 'day')",
        ] {
            assert!(!is_day_of(other, "x.at"), "{other}");
        }
    }

    #[test]
    fn a_time_that_is_written_out_is_seen() {
        for time in [
            "at >= '2026-01-01'",
            "at < date 'tomorrow'",
            "to_timestamp(0) < at",
            "at > timestamptz '1/2/2026'",
        ] {
            assert!(names_a_time(time), "{time}");
        }
        for other in ["state = 'open'", "code = '12345'", "it''s = 'a'"] {
            assert!(!names_a_time(other), "{other}");
        }
        for asker in [
            "owner = session_user",
            "owner=USER",
            "coalesce(a, System_User)",
            "pg_has_role (owner, 'usage')",
        ] {
            assert!(moves(asker), "{asker}");
        }
        for other in ["state = 'user'", "t.user = 3", "user_id = 3", "\"user\" = 3", "is_user"] {
            assert!(!moves(other), "{other}");
        }
        assert!(moves("at > now()") && moves("at > 'today'") && moves("k = $1") && !moves("k = 1"));
    }
}
