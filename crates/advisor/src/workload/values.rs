//! Takes values out of a log, for statements that the server counted without theirs.

use std::collections::BTreeMap;

use super::fingerprint::{Kind, parameter, tokens};
use super::log::LogStatement;
use super::typed::with_casts;

/// How a parameter is told that has no value, as `COPY` writes it.
const NO_VALUE: &str = "\\N";

impl LogStatement {
    /// Returns the values that the slowest run has for the parameters of the same statement, as the server
    /// counts it; nothing where it is another statement, or where the log does not have all of them.
    pub fn values_for(&self, counted: &str) -> Option<Vec<String>> {
        let logged = Logged::of(&self.slowest, self.parameters.as_deref());
        let mut wanted = pieces(counted);
        let mut found = pieces(&logged.text);
        let mut values: BTreeMap<usize, String> = BTreeMap::new();
        while let Some((kind, said)) = found.next() {
            let (wanted_kind, wanted) = wanted.next()?;
            let number = parameter(wanted).filter(|_| wanted_kind == Kind::Value);
            let Some(number) = number else {
                let is_same = match wanted_kind {
                    Kind::Word => kind == Kind::Word && wanted.eq_ignore_ascii_case(said),
                    // What the server left in its place, such as the length of a type.
                    Kind::Value => logged.is_written(said, wanted),
                    _ => (kind, said) == (wanted_kind, wanted),
                };
                is_same.then_some(())?;
                continue;
            };
            // The server counts `-5` as one value.
            let (sign, (kind, said)) = match said {
                "-" => ("-", found.next()?),
                _ => ("", (kind, said)),
            };
            let value = format!("{sign}{}", logged.value(kind, said)?);
            if values.insert(number, value.clone()).is_some_and(|known| known != value) {
                return None;
            }
        }
        let is_whole = wanted.next().is_none() && values.keys().copied().eq(1..=values.len());
        (is_whole && !values.is_empty()).then(|| values.into_values().collect())
    }
}

/// The pieces that say something.
fn pieces(text: &str) -> impl Iterator<Item = (Kind, &str)> {
    let text = text.trim().trim_end_matches(';');
    tokens(text).filter(|(kind, _)| *kind != Kind::Blank)
}

/// A statement of a log, written as the server would count it.
struct Logged {
    text: String,
    /// What stood in the place of each of its numbers.
    places: Vec<String>,
    parameters: BTreeMap<usize, String>,
}

impl Logged {
    fn of(statement: &str, parameters: Option<&str>) -> Self {
        let mut text = String::with_capacity(statement.len());
        let mut places = Vec::new();
        for (kind, said) in tokens(statement) {
            if kind == Kind::Value {
                places.push(said.to_owned());
                text.push_str(&format!("${}", places.len()));
            } else {
                text.push_str(said);
            }
        }
        let parameters = parameters.map(given).unwrap_or_default();
        Self { text: with_casts(&text), places, parameters }
    }

    fn place(&self, number: &str) -> Option<&str> {
        self.places.get(parameter(number)?.checked_sub(1)?).map(String::as_str)
    }

    fn is_written(&self, number: &str, wanted: &str) -> bool {
        self.place(number) == Some(wanted)
    }

    /// Returns a value as text.
    fn value(&self, kind: Kind, said: &str) -> Option<String> {
        if kind == Kind::Word {
            return match said.to_ascii_lowercase().as_str() {
                "true" => Some("true".to_owned()),
                "false" => Some("false".to_owned()),
                "null" => Some(NO_VALUE.to_owned()),
                _ => None,
            };
        }
        let written = self.place(said)?;
        match parameter(written) {
            Some(number) => self.parameters.get(&number).cloned(),
            None => unquoted(written),
        }
    }
}

/// Reads a literal; nothing where it has escapes that only the server reads.
fn unquoted(literal: &str) -> Option<String> {
    if let Some(inner) = literal.strip_prefix('\'') {
        return Some(inner.strip_suffix('\'')?.replace("''", "'"));
    }
    if let Some(inner) = literal.strip_prefix(['e', 'E']).and_then(|it| it.strip_prefix('\'')) {
        let inner = inner.strip_suffix('\'')?;
        return (!inner.contains('\\')).then(|| inner.replace("''", "'"));
    }
    if literal.starts_with('$') {
        let tag = literal.get(..literal.get(1..)?.find('$')? + 2)?;
        return Some(literal.strip_prefix(tag)?.strip_suffix(tag)?.to_owned());
    }
    Some(literal.to_owned())
}

/// Reads `$1 = '17', $2 = NULL`, leaving out what the log cut off.
pub(super) fn given(parameters: &str) -> BTreeMap<usize, String> {
    let mut found = BTreeMap::new();
    let mut number = None;
    for (kind, said) in tokens(parameters) {
        match (kind, number) {
            (Kind::Value, _) if parameter(said).is_some() => number = parameter(said),
            (Kind::Value, Some(place)) if said.starts_with('\'') => {
                if let Some(value) = unquoted(said).filter(|value| !value.ends_with("...")) {
                    found.insert(place, value);
                }
            }
            (Kind::Word, Some(place)) if said == "NULL" => {
                found.insert(place, NO_VALUE.to_owned());
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(logged: &str, parameters: Option<&str>, counted: &str) -> Option<Vec<String>> {
        let mut statement = LogStatement::default();
        statement.slowest = logged.to_owned();
        statement.parameters = parameters.map(str::to_owned);
        statement.values_for(counted)
    }

    #[test]
    fn literals_are_the_values_of_what_the_server_counted() {
        let logged = "SELECT sum(v)::numeric(12,2) FROM t -- all\n WHERE a = -5 and b = 'it''s' \
                      and d >= date '2026-01-01' and c in (1, 2) and e and f = TRUE and g = null limit 10;";
        let counted = "select sum(v)::numeric(12,2) from t where a = $1 and b = $2 and d >= $3::date \
                       and c in ($4, $5) and e and f = $6 and g = $7 limit $8";
        let wanted = ["-5", "it's", "2026-01-01", "1", "2", "true", "\\N", "10"];
        assert_eq!(values(logged, None, counted).unwrap(), wanted);
        for other in [
            "select sum(v)::numeric(14,2) from t where a = $1",
            "select sum(v)::numeric(12,2) from u",
            "select sum(v)::numeric(12,2)",
        ] {
            assert_eq!(values(logged, None, other), None, "{other}");
        }
    }

    #[test]
    fn values_that_stand_apart_are_read_unless_the_log_cut_them_off() {
        let sql = "select * from t where a = $2 and b = $1 and c = $2";
        let read = |said| values(sql, Some(said), sql);
        assert_eq!(read("$1 = 'it''s, $2', $2 = NULL").unwrap(), ["it's, $2", "\\N"]);
        assert_eq!(read("$1 = 'a very long...', $2 = '3'"), None);
        assert_eq!(read("$1 = '3'"), None);
        assert_eq!(values(sql, None, sql), None);
        // Literals beside parameters get the numbers behind theirs.
        let logged = "select * from t where a = 'x' and b = $1";
        let counted = "select * from t where a = $2 and b = $1";
        assert_eq!(values(logged, Some("$1 = '7'"), counted).unwrap(), ["7", "x"]);
    }

    #[test]
    fn a_value_that_stands_twice_and_differs_is_another_statement() {
        let counted = "select * from t where a = $1 or b = $1";
        assert_eq!(values("select * from t where a = 3 or b = 4", None, counted), None);
        assert_eq!(values("select * from t where a = 3 or b = 3", None, counted).unwrap(), ["3"]);
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(logged in ".{0,80}", said in ".{0,40}", counted in ".{0,80}") {
            let _ = values(&logged, Some(&said), &counted);
            let _ = values(&logged, Some(&said), &logged);
        }
    }
}
