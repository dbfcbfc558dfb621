//! Makes statements that the server wrote down without their values ones that it understands again.

/// What stands before a literal to say its type, the longer before those that they end with.
const TYPES: [&str; 8] = [
    "timestamp with time zone",
    "timestamp without time zone",
    "time with time zone",
    "timestamptz",
    "timestamp",
    "interval",
    "date",
    "time",
];

/// Writes `date $1` as `$1::date`: pg_stat_statements puts a number in the place of every literal, also where
/// a type stands before it, and there the server takes literals alone.
pub(super) fn with_casts(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    let mut done = 0;
    for (at, _) in text.match_indices('$') {
        let before = text.get(done..at).unwrap_or_default();
        let behind = text.get(at + 1..).unwrap_or_default();
        let digits = behind.find(|it: char| !it.is_ascii_digit()).unwrap_or(behind.len());
        let Some((kept, named)) = type_before(before).filter(|_| digits > 0) else { continue };
        let end = at + 1 + digits;
        written.push_str(kept);
        written.push_str(text.get(at..end).unwrap_or_default());
        written.push_str("::");
        written.push_str(named);
        done = end;
    }
    written.push_str(text.get(done..).unwrap_or_default());
    written
}

/// Returns the type that a text ends with, and what stands before it.
fn type_before(text: &str) -> Option<(&str, &'static str)> {
    let words = text.trim_end();
    // `$1` right behind a word would be part of it.
    if words.len() == text.len() {
        return None;
    }
    TYPES.iter().find_map(|named| {
        let at = words.len().checked_sub(named.len())?;
        let (kept, end) = (words.get(..at)?, words.get(at..)?);
        let is_word =
            !kept.ends_with(|it: char| it.is_alphanumeric() || matches!(it, '_' | '.' | '"' | '$'));
        (end.eq_ignore_ascii_case(named) && is_word).then_some((kept, *named))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_before_a_value_becomes_a_cast_behind_it() {
        for (text, written) in [
            ("select date $1", "select $1::date"),
            (
                "select * from t where at >= DATE $1 and at < date $2 + interval  $13 limit $4",
                "select * from t where at >= $1::date and at < $2::date + $13::interval limit $4",
            ),
            ("select timestamp with time zone $1", "select $1::timestamp with time zone"),
            ("select at at time zone $1 from t", "select at at time zone $1 from t"),
            ("select t.date = $1, update $2", "select t.date = $1, update $2"),
            ("select 1 as my_date $1, x.date $2", "select 1 as my_date $1, x.date $2"),
            ("select $1", "select $1"),
            ("cost in $ and date $", "cost in $ and date $"),
        ] {
            assert_eq!(with_casts(text), written);
        }
    }
}
