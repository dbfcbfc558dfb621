//! Learns the columns of a JSON Lines file from its first records.

use std::path::Path;

use rustc_hash::FxHashSet;

use super::flatten::flatten;
use crate::file::OpenError;
use crate::file::bytes::{LineEnd, Lines};
use crate::file::mapping::{Columns, Completeness};

/// How many records are looked at.
const RECORDS: u64 = 1000;
/// How many bytes of them: less than what a window on the lines holds anyway.
const BYTES: usize = 512 << 10;

/// Returns the columns of the first records, without moving on.
///
/// # Errors
/// Fails when not one of the first lines is a JSON object.
pub(crate) fn sample_columns(lines: &mut Lines, path: &Path) -> Result<Columns, OpenError> {
    let mut names: Vec<String> = Vec::new();
    let mut known: FxHashSet<String> = FxHashSet::default();
    let (mut from, mut records, mut bad, mut reason) = (0, 0, 0_u64, None);
    let is_whole = loop {
        if records + bad >= RECORDS || from >= BYTES {
            break false;
        }
        let LineEnd::At { text, next } = lines.line_end(from) else {
            break lines.line_end(from) == LineEnd::None;
        };
        let line = String::from_utf8_lossy(&lines.bytes()[from..text]);
        from = next;
        if line.trim().is_empty() {
            continue;
        }
        let flat = flatten(&line, |name, _| {
            let name = name.trim();
            if known.insert(name.to_owned()) {
                names.push(name.to_owned());
            }
            Ok(())
        });
        let is_array = line.trim_start().starts_with('[');
        match flat {
            // The objects of an array may well stand one a line, but it is a single document.
            Err(said) if is_array && records + bad == 0 => {
                return Err(no_record(path, 1, Some(said)));
            }
            Ok(()) => records += 1,
            Err(said) => {
                bad += 1;
                reason.get_or_insert(said);
            }
        }
    };
    if records == 0 {
        return Err(no_record(path, bad, reason));
    }
    let completeness =
        if is_whole { Completeness::Whole } else { Completeness::Sample(records + bad) };
    Ok(Columns::new(names, completeness))
}

fn no_record(path: &Path, bad: u64, reason: Option<String>) -> OpenError {
    let Some(reason) = reason else {
        let what = "empty but for blank lines, or its first line is longer than 1 MiB";
        return OpenError::Empty { path: path.to_owned(), what };
    };
    OpenError::damaged(
        path,
        format!(
            "none of its first {bad} lines is a JSON object ({reason}). JSON Lines has one object \
             a line: turn an array into it with `jq -c '.[]'`, a document over several lines with \
             `jq -c .`"
        ),
    )
}
