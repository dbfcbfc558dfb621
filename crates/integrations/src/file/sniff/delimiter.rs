//! Finds out what stands between the fields of a CSV file.

use crate::file::mapping::Delimiter;

/// The usual delimiters, the likelier first.
const USUAL: [u8; 4] = *b",;\t|";

/// Returns the usual delimiter that the header holds most of; a comma when it holds none.
pub(crate) fn likely_delimiter(header: &[u8]) -> Delimiter {
    let most = USUAL
        .into_iter()
        .rev()
        .map(|byte| (count_outside_quotes(header, byte), byte))
        .max_by_key(|(count, _)| *count);
    match most {
        Some((count, byte)) if count > 0 => Delimiter::new(byte).unwrap_or(Delimiter::COMMA),
        _ => Delimiter::COMMA,
    }
}

/// Returns the delimiter of a first line such as `sep=;`, which spreadsheets write and read.
pub(crate) fn announced_delimiter(line: &[u8]) -> Option<Delimiter> {
    match line {
        [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', byte] => Delimiter::new(*byte),
        _ => None,
    }
}

/// Counts a byte where it is not quoted.
pub(crate) fn count_outside_quotes(line: &[u8], byte: u8) -> usize {
    let mut is_quoted = false;
    let mut count = 0;
    for found in line {
        if *found == b'"' {
            is_quoted = !is_quoted;
        } else if *found == byte && !is_quoted {
            count += 1;
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_tells_the_delimiter() {
        for (header, expected) in [
            ("a,b,c", b','),
            ("a;b;c", b';'),
            ("a\tb", b'\t'),
            ("a|b", b'|'),
            ("\"a, b, c\";d;e", b';'),
            ("price, net;qty;store", b';'),
            ("single", b','),
            ("a,b;c", b','),
        ] {
            assert_eq!(likely_delimiter(header.as_bytes()).byte(), expected, "{header}");
        }
    }

    #[test]
    fn a_spreadsheet_may_announce_it() {
        assert_eq!(announced_delimiter(b"sep=;").map(Delimiter::byte), Some(b';'));
        assert_eq!(announced_delimiter(b"sep,a"), None);
        assert_eq!(announced_delimiter(b"sep=;;"), None);
    }
}
