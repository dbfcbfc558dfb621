//! Takes what an address says about TLS out of it: the client library knows three of the five ways, and
//! no file of certificates.

use std::ops::Range;
use std::path::PathBuf;

use crate::AddressError;

/// How a connection uses TLS, in the words of PostgreSQL's own programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TlsMode {
    Disable,
    /// Where the server has it; whoever it is.
    Prefer,
    /// Always; whoever it is.
    Require,
    /// Always, with a certificate of somebody who is trusted.
    VerifyCa,
    /// Always, with such a certificate for the host's name.
    VerifyFull,
}

/// An address, and what it said about TLS.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    /// The address without that.
    pub(crate) rest: String,
    pub(crate) mode: Option<TlsMode>,
    /// Who is trusted.
    pub(crate) roots: Option<PathBuf>,
}

impl TlsMode {
    fn parse(text: &str) -> Result<Self, AddressError> {
        Ok(match text {
            "disable" => Self::Disable,
            "prefer" => Self::Prefer,
            "require" => Self::Require,
            "verify-ca" => Self::VerifyCa,
            "verify-full" => Self::VerifyFull,
            other => return Err(AddressError::UnknownMode(other.to_owned())),
        })
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        }
    }
}

/// Takes it out. Of an option that is there twice, the later counts.
pub(crate) fn take(text: &str) -> Result<Taken, AddressError> {
    let is_url = text.starts_with("postgres://") || text.starts_with("postgresql://");
    let (rest, found) = if is_url { of_url(text) } else { of_words(text) };
    let last = |key: &str| {
        found.iter().rev().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    };
    Ok(Taken {
        rest,
        mode: last("sslmode").map(TlsMode::parse).transpose()?,
        roots: last("sslrootcert").filter(|path| !path.is_empty()).map(PathBuf::from),
    })
}

fn is_ours(key: &str) -> bool {
    matches!(key, "sslmode" | "sslrootcert")
}

fn of_url(text: &str) -> (String, Vec<(String, String)>) {
    // A password may have a question mark in it.
    let behind_password = text.find('@').unwrap_or(0);
    let Some(at) = text[behind_password..].find('?').map(|at| behind_password + at) else {
        return (text.to_owned(), Vec::new());
    };
    let (mut kept, mut found) = (Vec::new(), Vec::new());
    for pair in text[at + 1..].split('&') {
        match pair.split_once('=') {
            Some((key, value)) if is_ours(key) => found.push((key.to_owned(), decoded(value))),
            _ => kept.push(pair),
        }
    }
    let mut rest = text[..at].to_owned();
    if !kept.is_empty() {
        rest.push('?');
        rest.push_str(&kept.join("&"));
    }
    (rest, found)
}

/// Undoes a URL's escapes; what is none stays as it is.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        let escaped = match behind {
            [high, low, ..] if *first == b'%' => hexadecimal(*high).zip(hexadecimal(*low)),
            _ => None,
        };
        match escaped {
            Some((high, low)) => {
                bytes.push(high * 16 + low);
                rest = &behind[2..];
            }
            None => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hexadecimal(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

fn of_words(text: &str) -> (String, Vec<(String, String)>) {
    let (mut rest, mut found, mut kept_until) = (String::new(), Vec::new(), 0);
    for Word { place, key, value } in words(text) {
        if is_ours(&key) {
            rest.push_str(&text[kept_until..place.start]);
            kept_until = place.end;
            found.push((key, value));
        }
    }
    rest.push_str(&text[kept_until..]);
    (rest, found)
}

struct Word {
    place: Range<usize>,
    key: String,
    value: String,
}

/// Reads `key = value` and `key='a \'quoted\' value'`; stops where something else stands, which is for
/// the client library to complain about.
fn words(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut at = 0;
    loop {
        let start = at + blanks(&text[at..]);
        let Some(length) = text[start..].find('=') else { return words };
        let key = text[start..start + length].trim_end().to_owned();
        let behind = start + length + 1;
        let begin = behind + blanks(&text[behind..]);
        let (value, length) = value(&text[begin..]);
        at = begin + length;
        words.push(Word { place: start..at, key, value });
    }
}

fn blanks(text: &str) -> usize {
    text.len() - text.trim_start().len()
}

/// Reads a value; answers also how long its writing is.
fn value(text: &str) -> (String, usize) {
    let quoted = text.strip_prefix('\'');
    let (inner, skipped) = quoted.map_or((text, 0), |inner| (inner, 1));
    let mut value = String::new();
    let mut is_escaped = false;
    for (at, letter) in inner.char_indices() {
        match letter {
            letter if is_escaped => {
                value.push(letter);
                is_escaped = false;
            }
            '\\' => is_escaped = true,
            '\'' if quoted.is_some() => return (value, skipped + at + 1),
            letter if quoted.is_none() && letter.is_whitespace() => return (value, at),
            letter => value.push(letter),
        }
    }
    (value, text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(text: &str) -> (String, Option<TlsMode>, Option<String>) {
        let Taken { rest, mode, roots } = take(text).unwrap();
        (rest, mode, roots.map(|path| path.display().to_string()))
    }

    #[test]
    fn a_url_gives_what_it_says_about_tls_and_keeps_the_rest() {
        let full = Some(TlsMode::VerifyFull);
        for (text, rest, mode, roots) in [
            ("postgres://me:x?y@host/shop", "postgres://me:x?y@host/shop", None, None),
            ("postgres://host/shop?sslmode=verify-full", "postgres://host/shop", full, None),
            (
                "postgresql://me:x?y@host/shop?a=b&sslmode=prefer&sslmode=verify-full&c=d",
                "postgresql://me:x?y@host/shop?a=b&c=d",
                full,
                None,
            ),
            (
                "postgres://host/shop?sslrootcert=%2Fetc%2Fmy%20root.crt&sslmode=verify-full",
                "postgres://host/shop",
                full,
                Some("/etc/my root.crt"),
            ),
            ("postgres://host/shop?sslrootcert=", "postgres://host/shop", None, None),
        ] {
            let expected = (rest.to_owned(), mode, roots.map(str::to_owned));
            assert_eq!(taken(text), expected, "{text}");
        }
    }

    #[test]
    fn words_give_what_they_say_about_tls_and_keep_the_rest() {
        let ca = Some(TlsMode::VerifyCa);
        for (text, rest, mode, roots) in [
            ("host=h dbname=shop", "host=h dbname=shop", None, None),
            ("host=h sslmode = verify-ca dbname=shop", "host=h  dbname=shop", ca, None),
            (
                r"sslrootcert='/etc/it\'s mine.crt' password='sslmode=require' sslmode=verify-ca",
                " password='sslmode=require' ",
                ca,
                Some("/etc/it's mine.crt"),
            ),
            ("host=h nonsense", "host=h nonsense", None, None),
        ] {
            let expected = (rest.to_owned(), mode, roots.map(str::to_owned));
            assert_eq!(taken(text), expected, "{text}");
        }
    }

    #[test]
    fn a_mode_that_is_not_known_is_refused_with_those_that_are() {
        let said = take("postgres://h/s?sslmode=verify").unwrap_err().to_string();
        assert!(said.contains("sslmode=verify;") && said.contains("verify-full"), "{said}");
    }
}
