//! Statements that differ in their values only are one: what they have in common, and a short name of it.

/// Writes a statement without its values: literals and parameters become `?`, lists of them one, comments
/// nothing, and whatever is no quoted name is in lower case.
pub fn normalised(sql: &str) -> String {
    let mut text = String::with_capacity(sql.len().min(4_096));
    for (kind, said) in tokens(sql) {
        match kind {
            Kind::Blank => {
                if !text.is_empty() && !text.ends_with(' ') {
                    text.push(' ');
                }
            }
            Kind::Value => {
                // `in (1, 2, 3)` is the same however long the list.
                let before = text.trim_end().strip_suffix(',').map(str::trim_end);
                match before.filter(|before| before.ends_with('?')) {
                    Some(before) => text.truncate(before.len()),
                    None => text.push('?'),
                }
            }
            Kind::Quoted => text.push_str(said),
            Kind::Word => text.extend(said.chars().flat_map(char::to_lowercase)),
        }
    }
    text.trim_end_matches([' ', ';']).to_owned()
}

/// Names a statement by what is left without its values.
pub fn fingerprint(sql: &str) -> u64 {
    // FNV-1a: short, the same on every machine, and nobody's secret depends on it.
    normalised(sql).bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// What a piece of a statement's text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Space or a comment.
    Blank,
    /// A literal or a parameter.
    Value,
    /// A quoted name.
    Quoted,
    /// Anything else.
    Word,
}

/// Takes a statement apart: together the pieces are its text.
pub(super) fn tokens(sql: &str) -> impl Iterator<Item = (Kind, &str)> {
    let mut rest = sql;
    std::iter::from_fn(move || {
        let (kind, behind) = take(rest, rest.chars().next()?);
        let said = rest.get(..rest.len() - behind.len())?;
        rest = behind;
        Some((kind, said))
    })
}

/// Returns the number of a parameter.
pub(super) fn parameter(value: &str) -> Option<usize> {
    value.strip_prefix('$')?.parse().ok()
}

/// Returns how many parameters a statement has: the highest number that one has.
pub(crate) fn parameters(sql: &str) -> usize {
    let values = tokens(sql).filter(|(kind, _)| *kind == Kind::Value);
    values.filter_map(|(_, said)| parameter(said)).max().unwrap_or_default()
}

/// Returns the parameters that say how many rows are wanted, and those that say how many are passed over.
pub(crate) fn limits(sql: &str) -> (Vec<usize>, Vec<usize>) {
    let (mut wanted, mut passed) = (Vec::new(), Vec::new());
    let mut before = "";
    for (kind, said) in tokens(sql).filter(|(kind, _)| *kind != Kind::Blank) {
        let number = parameter(said).filter(|_| kind == Kind::Value);
        match number {
            Some(number) if before.eq_ignore_ascii_case("limit") => wanted.push(number),
            Some(number) if before.eq_ignore_ascii_case("offset") => passed.push(number),
            _ => {}
        }
        before = said;
    }
    (wanted, passed)
}

/// Writes a statement with higher numbers for its parameters.
pub(crate) fn renumbered(sql: &str, by: usize) -> String {
    let renumber = |(kind, said): (Kind, &str)| match parameter(said) {
        Some(number) if kind == Kind::Value => format!("${}", number.saturating_add(by)),
        _ => said.to_owned(),
    };
    tokens(sql).map(renumber).collect()
}

/// Returns the kind of the first piece of a text, and what stands behind it.
fn take(text: &str, first: char) -> (Kind, &str) {
    let behind = |at: usize| text.get(at..).unwrap_or_default();
    let second = text.chars().nth(1);
    match (first, second) {
        (blank, _) if blank.is_whitespace() => (Kind::Blank, text.trim_start()),
        ('-', Some('-')) => (Kind::Blank, behind(text.find('\n').unwrap_or(text.len()))),
        ('/', Some('*')) => (Kind::Blank, text.find("*/").map_or("", |end| behind(end + 2))),
        ('\'', _) => (Kind::Value, behind_string(text, 1, false)),
        ('e' | 'E', Some('\'')) => (Kind::Value, behind_string(text, 2, true)),
        ('"', _) => {
            let end =
                text.get(1..).and_then(|inner| inner.find('"')).map_or(text.len(), |at| at + 2);
            (Kind::Quoted, behind(end))
        }
        ('$', Some(digit)) if digit.is_ascii_digit() => {
            let end = text.get(1..).and_then(|it| it.find(|next: char| !next.is_ascii_digit()));
            (Kind::Value, behind(end.map_or(text.len(), |at| at + 1)))
        }
        ('$', _) => match dollar_quoted(text) {
            Some(behind) => (Kind::Value, behind),
            None => (Kind::Word, behind(1)),
        },
        (digit, _) if digit.is_ascii_digit() => {
            let is_number = |next: char| next.is_ascii_alphanumeric() || next == '.';
            let end = text.find(|next| !is_number(next)).unwrap_or(text.len());
            (Kind::Value, behind(end))
        }
        (letter, _) if letter.is_alphabetic() || letter == '_' => {
            let is_name = |next: char| next.is_alphanumeric() || next == '_' || next == '$';
            let end = text.find(|next| !is_name(next)).unwrap_or(text.len());
            (Kind::Word, behind(end))
        }
        (other, _) => (Kind::Word, behind(other.len_utf8())),
    }
}

fn behind_string(text: &str, start: usize, has_escapes: bool) -> &str {
    let mut is_escaped = false;
    let inner = text.get(start..).unwrap_or_default();
    let mut letters = inner.char_indices().peekable();
    while let Some((at, next)) = letters.next() {
        match next {
            _ if is_escaped => is_escaped = false,
            '\\' if has_escapes => is_escaped = true,
            '\'' if letters.peek().is_some_and(|(_, after)| *after == '\'') => {
                letters.next();
            }
            '\'' => return inner.get(at + 1..).unwrap_or_default(),
            _ => {}
        }
    }
    ""
}

/// Returns what stands behind `$tag$ … $tag$`.
fn dollar_quoted(text: &str) -> Option<&str> {
    let end = text.get(1..)?.find('$')? + 2;
    let tag = text.get(..end)?;
    let is_tag = tag.trim_matches('$').chars().all(|it| it.is_alphanumeric() || it == '_');
    let inner = is_tag.then(|| text.get(end..))??;
    inner.find(tag).map_or(Some(""), |at| inner.get(at + tag.len()..))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_comments_and_letters_make_no_difference() {
        let statements = [
            "select * from t where a = 1 and b in (1, 2,3) and c = 'it''s'",
            "SELECT *\n  FROM t -- all\n WHERE a = $1 AND b IN ($2) AND c = E'it\\'s';",
            "select * from t where /* x */ a = 1.5e3 and b in (?) and c = $q$ it's $q$",
        ];
        for statement in statements {
            assert_eq!(normalised(statement), "select * from t where a = ? and b in (?) and c = ?");
            assert_eq!(fingerprint(statement), fingerprint(statements[0]));
        }
        assert_ne!(fingerprint("select a"), fingerprint("select b"));
        assert_eq!(normalised("select \"A 1\", t1.b2"), "select \"A 1\", t1.b2");
    }

    #[test]
    fn parameters_are_counted_and_numbered_outside_of_texts() {
        let sql = "select '$9' as \"$8\", a$7 from t where a = $2 and b = $1 limit $3 OFFSET $4";
        assert_eq!(parameters(sql), 4);
        assert_eq!(
            renumbered(sql, 500),
            "select '$9' as \"$8\", a$7 from t where a = $502 and b = $501 limit $503 OFFSET $504"
        );
        assert_eq!(limits(sql), (vec![3], vec![4]));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_and_twice_is_once(text in ".{0,200}") {
            let once = normalised(&text);
            prop_assert_eq!(&normalised(&once), &once);
            prop_assert_eq!(fingerprint(&once), fingerprint(&text));
            prop_assert_eq!(tokens(&text).map(|(_, said)| said).collect::<String>(), text);
        }

        #[test]
        fn other_values_are_the_same_statement_and_other_names_are_another(
            number in 0..1_000_000_u32,
            word in "[a-z ]{0,12}",
            name in "[a-z]{1,12}",
        ) {
            let of = |column: &str, number: u32, word: &str| {
                fingerprint(&format!("select t.{column} from t where a = {number} and b = '{word}'"))
            };
            prop_assert_eq!(of("v", number, &word), of("v", 1, "x"));
            prop_assert_eq!(of(&name, 1, "x") == of("v", 1, "x"), name == "v");
        }
    }
}
