//! What is kept of text that could not be taken apart.

use std::fmt::Write as _;

/// How much of a record is kept, in bytes; whole records are shorter nearly always.
const KEPT_BYTES: usize = 64 << 10;
/// How many bytes around one that is no text are shown as numbers.
const SHOWN_BYTES: usize = 16;

/// Returns the text of a record of `total` bytes, of which `bytes` are at hand, cut if very long.
pub(crate) fn raw_text(bytes: &[u8], total: u64) -> String {
    let kept = &bytes[..bytes.len().min(KEPT_BYTES)];
    let mut text = String::from_utf8_lossy(kept).into_owned();
    if total > kept.len() as u64 {
        // Writing to a String cannot fail.
        let _ = write!(text, "… ({total} bytes in all)");
    }
    text
}

/// Bytes that are no text in the encoding of the file.
pub(crate) struct Invalid {
    /// What is wrong, and what to do.
    pub(crate) reason: String,
    /// The record with replacement characters, and the bytes in question as numbers.
    pub(crate) raw: String,
}

impl Invalid {
    /// Describes the record `bytes`, valid up to `valid_bytes`, of a file in `encoding`.
    pub(crate) fn new(bytes: &[u8], valid_bytes: usize, encoding: &str) -> Self {
        let at = valid_bytes + 1;
        let reason = if encoding == "UTF-8" {
            format!(
                "byte {at} of the record is no UTF-8: if the file is in another encoding, say \
                 encoding = \"windows-1252\" (or its own) in the mapping"
            )
        } else {
            format!("byte {at} of the record, counted as UTF-8, was no {encoding}")
        };
        let mut raw = raw_text(bytes, bytes.len() as u64);
        if encoding == "UTF-8" {
            // A record that is shown cut may end before the byte in question.
            let start = valid_bytes.min(bytes.len()).saturating_sub(SHOWN_BYTES / 2);
            let shown = &bytes[start..bytes.len().min(start + SHOWN_BYTES)];
            let _ = write!(raw, "\n(bytes from {}:", start + 1);
            for byte in shown {
                let _ = write!(raw, " {byte:02x}");
            }
            raw.push(')');
        }
        Self { reason, raw }
    }
}
