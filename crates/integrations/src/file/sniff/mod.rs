//! Finds out what a file is: its compression, format and encoding.

mod delimiter;
mod encoding;
mod foreign;

use std::path::Path;

pub(crate) use delimiter::{announced_delimiter, count_outside_quotes, likely_delimiter};

use encoding::sniff_encoding;
use foreign::{FOREIGN, Foreign};

use super::bytes::{Compression, head};
use super::mapping::TextEncoding;
use super::{FileFormat, OpenError};

/// How much of a file is looked at before a line of it is read.
const HEAD_BYTES: u64 = 64 << 10;

/// What a file is, as far as its first bytes tell.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sniffed {
    pub(crate) compression: Compression,
    pub(crate) encoding: TextEncoding,
    pub(crate) format: FileFormat,
}

/// Looks at the first bytes of a file, and at its name where they leave it open.
///
/// # Errors
/// Fails when the file is empty, of a format that is not read here, or damaged from the start.
pub(crate) fn sniff(path: &Path, told: Option<TextEncoding>) -> Result<Sniffed, OpenError> {
    let unreadable = |source| OpenError::unreadable(path, source);
    let (raw, failure) = head(path, Compression::None, HEAD_BYTES).map_err(unreadable)?;
    if let Some(failure) = failure {
        return Err(unreadable(failure));
    }
    if raw.is_empty() {
        return Err(OpenError::Empty { path: path.to_owned(), what: "empty (0 bytes)" });
    }
    if raw.starts_with(b"PAR1") {
        let (compression, encoding) = (Compression::None, TextEncoding::UTF_8);
        return Ok(Sniffed { compression, encoding, format: FileFormat::Parquet });
    }
    refuse_foreign(path, &raw)?;
    let compression = match raw.as_slice() {
        [0x1f, 0x8b, ..] => Compression::Gzip,
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Compression::Zstd,
        _ => Compression::None,
    };
    let text =
        if compression == Compression::None { raw } else { decompressed_head(path, compression)? };
    let extension = extension_of(path, compression);
    if extension.eq_ignore_ascii_case("parquet") {
        return Err(OpenError::damaged(
            path,
            "its name ends in .parquet, but it does not begin as a Parquet file does: get it again",
        ));
    }
    let encoding =
        sniff_encoding(&text, told).map_err(|reason| OpenError::damaged(path, reason))?;
    let format = sniff_text_format(&text, encoding, &extension);
    Ok(Sniffed { compression, encoding, format })
}

fn decompressed_head(path: &Path, compression: Compression) -> Result<Vec<u8>, OpenError> {
    let (text, failure) = head(path, compression, HEAD_BYTES)
        .map_err(|source| OpenError::unreadable(path, source))?;
    if text.starts_with(b"PAR1") {
        return Err(OpenError::Foreign {
            path: path.to_owned(),
            what: "a compressed Parquet file",
            advice: "decompress it: Parquet files are compressed inside",
        });
    }
    refuse_foreign(path, &text)?;
    match (text.is_empty(), failure) {
        (true, Some(source)) => Err(OpenError::Damaged {
            path: path.to_owned(),
            reason: format!(
                "no byte of it can be decompressed ({}): get it again",
                compression.name()
            ),
            source: Some(source.into()),
        }),
        (true, None) => {
            Err(OpenError::Empty { path: path.to_owned(), what: "empty once decompressed" })
        }
        (false, _) => Ok(text),
    }
}

fn refuse_foreign(path: &Path, bytes: &[u8]) -> Result<(), OpenError> {
    let is_meant = |foreign: &&Foreign| {
        bytes.get(foreign.offset..).is_some_and(|rest| rest.starts_with(foreign.magic))
    };
    FOREIGN.iter().find(is_meant).map_or(Ok(()), |foreign| {
        let (what, advice) = (foreign.what, foreign.advice);
        Err(OpenError::Foreign { path: path.to_owned(), what, advice })
    })
}

/// Returns the extension that tells the format, without that of the compression.
fn extension_of(path: &Path, compression: Compression) -> String {
    let extension = |path: &Path| {
        path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase())
    };
    let outer = extension(path).unwrap_or_default();
    if compression == Compression::None {
        return outer;
    }
    match path.file_stem() {
        Some(stem) if matches!(outer.as_str(), "gz" | "gzip" | "zst" | "zstd") => {
            extension(Path::new(stem)).unwrap_or_default()
        }
        _ => outer,
    }
}

/// Tells JSON Lines from CSV: by the first character that is no blank, unless the name says
/// otherwise.
fn sniff_text_format(head: &[u8], encoding: TextEncoding, extension: &str) -> FileFormat {
    if matches!(extension, "jsonl" | "ndjson" | "json") {
        return FileFormat::JsonLines;
    }
    if matches!(extension, "csv" | "tsv" | "tab") {
        return FileFormat::Csv;
    }
    // Decoding the head may cut its last character, which is never the first one.
    let (text, _) = encoding.encoding().decode_with_bom_removal(head);
    if text.trim_start().starts_with('{') { FileFormat::JsonLines } else { FileFormat::Csv }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_decides_where_the_content_leaves_it_open() {
        let sniffed = |text: &str, extension| {
            sniff_text_format(text.as_bytes(), TextEncoding::UTF_8, extension)
        };
        assert_eq!(sniffed("\n {\"a\":1}", "txt"), FileFormat::JsonLines);
        assert_eq!(sniffed("{a},b\n", "csv"), FileFormat::Csv);
        assert_eq!(sniffed("[1]", "ndjson"), FileFormat::JsonLines);
        assert_eq!(sniffed("a,b\n", "txt"), FileFormat::Csv);
    }

    #[test]
    fn the_extension_of_the_compression_is_taken_off() {
        let path = Path::new("x.CSV.gz");
        assert_eq!(extension_of(path, Compression::Gzip), "csv");
        assert_eq!(extension_of(path, Compression::None), "gz");
        assert_eq!(extension_of(Path::new("x.json"), Compression::Zstd), "json");
    }
}
