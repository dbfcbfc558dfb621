//! Modules are named after what they do.

use super::repository::Repository;
use super::rust_source::RustSource;
use super::{Check, Finding};

/// Names that say nothing, so that anything goes in.
const EMPTY_NAMES: &[&str] =
    &["utils", "util", "helpers", "helper", "common", "misc", "types", "core", "base"];

/// The names of modules.
pub(super) struct ModuleNames;

impl Check for ModuleNames {
    fn name(&self) -> &'static str {
        "module-names"
    }

    fn why(&self) -> &'static str {
        "a module that may hold anything will, and nobody finds it there"
    }

    fn findings(&self, repository: &Repository) -> Vec<Finding> {
        let remedy = "name it after what it does, or move its parts to those who use them";
        let mut findings = Vec::new();
        for (path, text) in repository.ending(".rs") {
            let parts = path.trim_end_matches(".rs").split('/');
            for part in parts.filter(|part| EMPTY_NAMES.contains(part)) {
                findings.push(Finding::new(path, 1, format!("a module called {part}"), remedy));
            }
            for (line, code) in (1..).zip(RustSource::new(text).code().lines()) {
                let declared = code.trim_start().trim_start_matches("pub ");
                let name = declared.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(" {"));
                if let Some(name) = name.filter(|name| EMPTY_NAMES.contains(name)) {
                    findings.push(Finding::new(
                        path,
                        line,
                        format!("a module called {name}"),
                        remedy,
                    ));
                }
            }
        }
        findings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_say_nothing_are_found_as_files_directories_and_inside() {
        let repository = Repository::of(&[
            ("a/src/utils.rs", ""),
            ("a/src/common/mod.rs", ""),
            ("a/src/clock.rs", "//! x\npub mod misc {\n}\nmod core;\n"),
        ]);
        let findings = ModuleNames.findings(&repository);
        assert_eq!(findings.len(), 3, "{findings:?}");
    }
}
