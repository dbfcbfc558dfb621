//! Comments that allow a finding: `-- shelfops:allow RULE because REASON`.

/// How such a comment begins.
const MARK: &str = "shelfops:allow";

/// A comment that allows a finding of the statement below it.
#[derive(Clone, Debug)]
pub(in crate::lint) struct Allow {
    /// The line it stands on, from one.
    pub(in crate::lint) line: usize,
    /// The first line below it that is neither empty nor a comment; none for the whole file.
    pub(in crate::lint) covers: Option<usize>,
    /// The rules.
    pub(in crate::lint) rules: Vec<String>,
    /// Why they may be broken here; empty where nobody said.
    pub(in crate::lint) reason: String,
}

/// Finds the comments of a text.
pub(super) fn read(text: &str) -> Vec<Allow> {
    let lines: Vec<&str> = text.lines().collect();
    let mut allows = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let Some(comment) = line.trim_start().strip_prefix("--") else { continue };
        let Some(told) = comment.trim().strip_prefix(MARK) else { continue };
        if !told.starts_with(char::is_whitespace) {
            continue;
        }
        let (rules, reason) = match told.split_once(" because ") {
            Some((rules, reason)) => (rules, reason.trim()),
            None => (told.trim_end_matches("because"), ""),
        };
        let below = lines[index + 1..].iter().position(|line| {
            let line = line.trim();
            !line.is_empty() && !line.starts_with("--")
        });
        allows.push(Allow {
            line: index + 1,
            covers: Some(below.map_or(0, |offset| index + offset + 2)),
            rules: listed(rules),
            reason: reason.to_owned(),
        });
    }
    allows
}

/// Reads the lines of a `lint.allow` that speak of a file: `FILE: RULE because REASON`.
///
/// Such a file is for migrations that have landed: a comment in one would change its checksum.
pub(super) fn of_file(text: &str, file: &str) -> Vec<Allow> {
    text.lines()
        .filter_map(|line| line.trim().strip_prefix(file)?.strip_prefix(':'))
        .map(|told| {
            let (rules, reason) = told.split_once(" because ").unwrap_or((told, ""));
            Allow { line: 1, covers: None, rules: listed(rules), reason: reason.trim().to_owned() }
        })
        .collect()
}

fn listed(rules: &str) -> Vec<String> {
    rules
        .split([',', ' '])
        .map(str::trim)
        .filter(|rule| !rule.is_empty())
        .map(str::to_owned)
        .collect()
}
