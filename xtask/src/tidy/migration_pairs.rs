//! Every migration can be undone: `<time>_<verb>_<noun>.up.sql` has its `.down.sql`.

use super::repository::Repository;
use super::{Check, Finding};

/// Where the product's migrations are.
const DIRECTORY: &str = "crates/db/migrations/";

/// The digits of a migration's time: year to second.
const TIME_DIGITS: usize = 14;

/// Migrations, up and down.
pub(super) struct MigrationPairs;

impl Check for MigrationPairs {
    fn name(&self) -> &'static str {
        "migration-pairs"
    }

    fn why(&self) -> &'static str {
        "a release that cannot be taken back is tried on customers"
    }

    fn findings(&self, repository: &Repository) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut last_time = String::new();
        for (path, _) in repository.ending(".sql") {
            let Some(name) = path.strip_prefix(DIRECTORY) else { continue };
            let Some((stem, other)) = pair(name) else {
                findings.push(Finding::new(
                    path,
                    1,
                    "the name is not that of a migration",
                    "call it <year to second>_<verb>_<noun>.up.sql or .down.sql",
                ));
                continue;
            };
            if !repository.has(&format!("{DIRECTORY}{other}")) {
                let what = format!("there is no {other}");
                findings.push(Finding::new(path, 1, what, "write the other half, and test both"));
            }
            let time = &stem[..TIME_DIGITS];
            if name.ends_with(".up.sql") && last_time == time {
                let what = "another migration has the same time";
                findings.push(Finding::new(path, 1, what, "give it a time of its own"));
            }
            if name.ends_with(".up.sql") {
                time.clone_into(&mut last_time);
            }
        }
        findings
    }
}

/// Returns a migration's stem and the name of its other half.
fn pair(name: &str) -> Option<(&str, String)> {
    let (stem, other) = match (name.strip_suffix(".up.sql"), name.strip_suffix(".down.sql")) {
        (Some(stem), _) => (stem, format!("{stem}.down.sql")),
        (_, Some(stem)) => (stem, format!("{stem}.up.sql")),
        (None, None) => return None,
    };
    let (time, title) = stem.split_once('_')?;
    let is_time = time.len() == TIME_DIGITS && time.bytes().all(|byte| byte.is_ascii_digit());
    (is_time && title.contains('_')).then_some((stem, other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_wrong_names_and_equal_times_are_found() {
        let files = [
            "20260101000000_create_stores.up.sql",
            "20260101000000_create_stores.down.sql",
            "20260102000000_add_index.up.sql",
            "20260103000000_create_a.up.sql",
            "20260103000000_create_a.down.sql",
            "20260103000000_create_b.up.sql",
            "20260103000000_create_b.down.sql",
            "fix.sql",
        ];
        let paths: Vec<String> = files.iter().map(|name| format!("{DIRECTORY}{name}")).collect();
        let files: Vec<(&str, &str)> = paths.iter().map(|path| (path.as_str(), "")).collect();
        let findings = MigrationPairs.findings(&Repository::of(&files));
        let found: Vec<_> =
            findings.iter().map(|each| each.path.trim_start_matches(DIRECTORY)).collect();
        assert_eq!(
            found,
            ["20260102000000_add_index.up.sql", "20260103000000_create_b.up.sql", "fix.sql"]
        );
    }
}
