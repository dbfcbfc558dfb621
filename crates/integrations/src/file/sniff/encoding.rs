//! Finds out the encoding of a text from its first bytes.

use crate::file::mapping::TextEncoding;

/// Returns the encoding: by its byte order mark, else as `told`, else by its pattern of NUL bytes.
///
/// # Errors
/// Fails when what was told and what is there cannot both be true.
pub(super) fn sniff_encoding(
    head: &[u8],
    told: Option<TextEncoding>,
) -> Result<TextEncoding, String> {
    let marked = match head {
        [0xef, 0xbb, 0xbf, ..] => Some(TextEncoding::UTF_8),
        [0xff, 0xfe, ..] => Some(TextEncoding::UTF_16_LE),
        [0xfe, 0xff, ..] => Some(TextEncoding::UTF_16_BE),
        _ => None,
    };
    let found = marked.or(told).or_else(|| utf_16_by_pattern(head));
    let encoding = found.unwrap_or(TextEncoding::UTF_8);
    let is_utf_16 = [TextEncoding::UTF_16_LE, TextEncoding::UTF_16_BE].contains(&encoding);
    if told == Some(encoding) && is_utf_16 && marked.is_none() && !head.contains(&0) {
        return Err(format!(
            "the mapping says encoding = \"{}\", but it holds no NUL byte as such text does: \
             leave the encoding out",
            encoding.name().to_ascii_lowercase()
        ));
    }
    Ok(encoding)
}

/// Recognises UTF-16 without a mark: in most scripts of retail data every second byte is NUL.
fn utf_16_by_pattern(head: &[u8]) -> Option<TextEncoding> {
    /// Of a hundred characters, how many must have the NUL byte in the same half.
    const SHARE: usize = 40;
    let pairs = head.len() / 2;
    let count = |half: usize| head.chunks_exact(2).filter(|pair| pair[half] == 0).count();
    let (higher, lower) = (count(0), count(1));
    let is_most = |nul: usize, other: usize| nul * 100 >= pairs * SHARE && other * 10 <= nul;
    if pairs == 0 || higher + lower == 0 {
        None
    } else if is_most(lower, higher) {
        Some(TextEncoding::UTF_16_LE)
    } else if is_most(higher, lower) {
        Some(TextEncoding::UTF_16_BE)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf_16_is_known_by_mark_or_by_pattern() {
        let text = "store,product\n1,2\n";
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let sniffed = |bytes: &[u8]| sniff_encoding(bytes, None).unwrap();
        assert_eq!(sniffed(&little), TextEncoding::UTF_16_LE);
        assert_eq!(sniffed(&big), TextEncoding::UTF_16_BE);
        assert_eq!(sniffed(b"\xff\xfe\x42\x30"), TextEncoding::UTF_16_LE);
        assert_eq!(sniffed(text.as_bytes()), TextEncoding::UTF_8);
        assert_eq!(sniffed(b"a\0b,c\n"), TextEncoding::UTF_8);
        assert_eq!(sniffed(b""), TextEncoding::UTF_8);
    }

    #[test]
    fn a_mark_is_stronger_than_the_mapping() {
        let latin = TextEncoding::try_from("latin1".to_owned()).ok();
        assert_eq!(sniff_encoding(b"\xef\xbb\xbfa", latin), Ok(TextEncoding::UTF_8));
        assert_eq!(sniff_encoding(b"caf\xe9", latin).ok(), latin);
        assert!(sniff_encoding(b"plain", Some(TextEncoding::UTF_16_LE)).is_err());
    }
}
