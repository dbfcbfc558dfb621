//! Exceptions from the house rules: each with a reason, and a date on which it ends.

use std::path::Path;

use anyhow::Context as _;
use jiff::civil::Date;
use serde::Deserialize;

/// Where exceptions are written down.
pub(super) const PATH: &str = "xtask/exceptions.toml";

/// All exceptions.
#[derive(Debug, Default)]
pub(super) struct Exceptions {
    all: Vec<Exception>,
    today: Date,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default, rename = "exception")]
    exceptions: Vec<Exception>,
}

/// A file that may break a rule for a while.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    /// The name of the check.
    check: String,
    path: String,
    reason: String,
    /// The last day it holds.
    until: Date,
    #[serde(skip)]
    is_used: bool,
}

impl Exceptions {
    /// Reads the exceptions of a project; there may be none.
    pub(super) fn open(root: &Path) -> anyhow::Result<Self> {
        let today = jiff::ZonedDateTime::now().date();
        match std::fs::read_to_string(root.join(PATH)) {
            Ok(text) => Self::parse(&text, today).with_context(|| format!("could not read {PATH}")),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Ok(Self { today, ..Self::default() })
            }
            Err(error) => Err(error).with_context(|| format!("could not read {PATH}")),
        }
    }

    fn parse(text: &str, today: Date) -> anyhow::Result<Self> {
        let file: File = toml::from_str(text)?;
        Ok(Self { all: file.exceptions, today })
    }

    /// Whether a finding of this check in this file is excepted today.
    pub(super) fn cover(&mut self, check: &str, path: &str) -> bool {
        let mut is_covered = false;
        for exception in &mut self.all {
            if exception.check == check && exception.path == path {
                exception.is_used = true;
                is_covered |= self.today <= exception.until;
            }
        }
        is_covered
    }

    /// Returns what is wrong with the exceptions themselves, once all checks have run.
    pub(super) fn stale(&self) -> Vec<String> {
        self.all
            .iter()
            .filter_map(|Exception { check, path, reason, until, is_used }| {
                if reason.trim().is_empty() {
                    Some(format!("the exception of {path} from {check} gives no reason"))
                } else if !is_used {
                    Some(format!("{path} needs no exception from {check} any more: remove it"))
                } else if self.today > *until {
                    Some(format!("the exception of {path} from {check} ended on {until}: mend it"))
                } else {
                    None
                }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const TEXT: &str = r#"
        [[exception]]
        check = "file-length"
        path = "a.rs"
        reason = "a table that is read in one piece"
        until = "2030-01-31"
    "#;

    #[test]
    fn an_exception_holds_until_its_date_for_its_file_and_check() {
        let mut exceptions = Exceptions::parse(TEXT, date(2030, 1, 31)).unwrap();
        assert!(exceptions.cover("file-length", "a.rs"));
        assert!(!exceptions.cover("file-length", "b.rs"));
        assert!(!exceptions.cover("panics", "a.rs"));
        assert!(exceptions.stale().is_empty());
    }

    #[test]
    fn an_exception_that_ended_or_serves_nothing_is_stale() {
        let mut ended = Exceptions::parse(TEXT, date(2030, 2, 1)).unwrap();
        assert!(!ended.cover("file-length", "a.rs"));
        assert!(ended.stale()[0].contains("ended on 2030-01-31"));
        let unused = Exceptions::parse(TEXT, date(2029, 1, 1)).unwrap();
        assert!(unused.stale()[0].contains("no exception"));
    }
}
