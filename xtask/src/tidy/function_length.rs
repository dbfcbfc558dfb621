//! Functions fit on a screen, or nearly.

use super::repository::Repository;
use super::rust_source::RustSource;
use super::{Check, Finding};

/// The most lines of a function, from `fn` to its closing brace.
const MOST_LINES: usize = 80;

/// The length of functions.
pub(super) struct FunctionLength;

impl Check for FunctionLength {
    fn name(&self) -> &'static str {
        "function-length"
    }

    fn why(&self) -> &'static str {
        "a long function hides its steps; each step with a name can be read, and tested, alone"
    }

    fn findings(&self, repository: &Repository) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (path, text) in repository.ending(".rs").filter(|(path, _)| !repository.is_test(path)) {
            for function in RustSource::new(text).functions() {
                if function.length > MOST_LINES {
                    let name = &function.name;
                    let what = format!(
                        "fn {name} has {} lines, {MOST_LINES} are the limit",
                        function.length
                    );
                    let remedy = "give its steps names: a function each";
                    findings.push(Finding::new(path, function.line, what, remedy));
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
    fn a_long_function_is_found_where_it_starts() {
        let body = "    step();\n".repeat(MOST_LINES - 1);
        let text = format!("//! x\nfn fits() {{}}\nfn long() {{\n{body}}}\n");
        let repository = Repository::of(&[("a/src/one.rs", &text)]);
        let findings = FunctionLength.findings(&repository);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].line, 3);
        assert!(findings[0].what.contains("fn long has 81 lines"), "{findings:?}");
    }
}
