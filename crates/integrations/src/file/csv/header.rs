//! The header of a CSV file: the names of its columns, and what stands between them.

use std::path::Path;

use super::quoted::{QuotedRecord, Step};
use crate::file::OpenError;
use crate::file::bytes::{LineEnd, Lines};
use crate::file::mapping::{Columns, Completeness, Delimiter, TextEncoding};
use crate::file::records::Invalid;
use crate::file::sniff::{announced_delimiter, count_outside_quotes, likely_delimiter};

/// What the header of a file tells.
#[derive(Debug)]
pub(crate) struct CsvHeader {
    pub(crate) delimiter: Delimiter,
    pub(crate) columns: Columns,
    /// What is probably wrong when the file seems to have a single column.
    pub(crate) advice: Option<String>,
}

/// Reads the header at the start of `lines` and moves behind it.
///
/// # Errors
/// Fails when there is no header, or none that can be read.
pub(crate) fn read_header(
    lines: &mut Lines,
    path: &Path,
    encoding: TextEncoding,
    told: Option<Delimiter>,
) -> Result<CsvHeader, OpenError> {
    let announced = skip_to_header(lines, path)?;
    let LineEnd::At { text: end, .. } = lines.line_end(0) else {
        return Err(no_header(lines, path));
    };
    let first_line = lines.bytes()[..end].to_vec();
    let delimiter = told.or(announced).unwrap_or_else(|| likely_delimiter(&first_line));
    let mut record = QuotedRecord::default();
    let (mut from, mut count) = (0, 0);
    loop {
        let LineEnd::At { text, next } = lines.line_end(from) else {
            let reason = "its header opens a quote that is never closed: export it again";
            return Err(OpenError::damaged(path, reason));
        };
        let (line, ending) = lines.bytes()[from..next].split_at(text - from);
        (from, count) = (next, count + 1);
        match record.feed(line, ending, delimiter.byte()) {
            Step::Done => break,
            Step::Open => {}
            Step::StrayText => {
                let reason = "text follows a closing quote in its header: quotes inside a quoted \
                              field must be doubled";
                return Err(OpenError::damaged(path, reason));
            }
        }
    }
    let names = record.texts().map_err(|valid_bytes| {
        let Invalid { reason, .. } = Invalid::new(&first_line, valid_bytes, encoding.name());
        OpenError::damaged(path, format!("its header is no text: {reason}"))
    })?;
    lines.consume(from, count);
    let advice = if names.len() == 1 { single_column(&first_line, delimiter, lines) } else { None };
    let columns = Columns::new(names, Completeness::Whole);
    Ok(CsvHeader { delimiter, columns, advice })
}

/// Skips blank lines and a line such as `sep=;`.
fn skip_to_header(lines: &mut Lines, path: &Path) -> Result<Option<Delimiter>, OpenError> {
    let mut announced = None;
    loop {
        let LineEnd::At { text, next } = lines.line_end(0) else {
            return Err(no_header(lines, path));
        };
        let line = &lines.bytes()[..text];
        let found = announced_delimiter(line);
        let is_blank = line.iter().all(|byte| *byte == b' ');
        if !is_blank && (found.is_none() || announced.is_some()) {
            return Ok(announced);
        }
        announced = announced.or(found);
        lines.consume(next, 1);
    }
}

fn no_header(lines: &mut Lines, path: &Path) -> OpenError {
    if let Some(failure) = lines.failure() {
        let reason = format!("it is truncated within its header ({failure}): get it again");
        return OpenError::damaged(path, reason);
    }
    match lines.line_end(0) {
        LineEnd::TooLong => OpenError::damaged(
            path,
            "its first line is longer than 1 MiB, so it is no header: is it a CSV file?",
        ),
        _ => OpenError::Empty { path: path.to_owned(), what: "empty but for blank lines" },
    }
}

/// Guesses why a header has a single column: another delimiter stands between its names.
fn single_column(header: &[u8], delimiter: Delimiter, lines: &mut Lines) -> Option<String> {
    let record = match lines.line_end(0) {
        LineEnd::At { text, .. } => &lines.bytes()[..text],
        LineEnd::TooLong | LineEnd::None => header,
    };
    let (count, likely) = (0..=127)
        .filter(|byte: &u8| !byte.is_ascii_alphanumeric() && !matches!(byte, b'_' | b' ' | b'-'))
        .filter_map(Delimiter::new)
        .filter(|other| *other != delimiter)
        .map(|other| (count_outside_quotes(header, other.byte()), other))
        .filter(|(count, other)| *count > 0 && count_outside_quotes(record, other.byte()) >= *count)
        .max_by_key(|(count, _)| *count)?;
    let setting = String::from(likely).escape_debug().to_string();
    Some(format!(
        "The header was split at {delimiter}, which gives a single column; {likely} stands in it \
         {count} times. Say delimiter = \"{setting}\" in the mapping"
    ))
}
