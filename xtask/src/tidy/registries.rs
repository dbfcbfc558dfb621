//! What is in a registry's directory is in the registry.
//!
//! A registry is a slice `const X: &[&dyn Trait]` in a `mod.rs`; its directory has one file for
//! each implementation of the trait.

use super::repository::Repository;
use super::rust_source::{RustSource, is_word, line_of};
use super::{Check, Finding};

/// Registries against directories.
pub(super) struct Registries;

/// A registry as it stands in a file.
struct Registry<'c> {
    name: &'c str,
    trait_name: &'c str,
    entries: &'c str,
    line: usize,
}

impl Check for Registries {
    fn name(&self) -> &'static str {
        "registries"
    }

    fn why(&self) -> &'static str {
        "what is written and not listed never runs, and nothing else would say so"
    }

    fn findings(&self, repository: &Repository) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (path, text) in repository.ending("/mod.rs") {
            let source = RustSource::new(text);
            let directory = path.trim_end_matches("mod.rs");
            for registry in registries(source.code()) {
                for (module, member) in unlisted(repository, directory, &registry) {
                    findings.push(Finding::new(
                        path,
                        registry.line,
                        format!("{} does not list {member} of {module}", registry.name),
                        format!("add it to {}, or move {module} out of {directory}", registry.name),
                    ));
                }
            }
        }
        findings
    }
}

/// Finds the registries of a file.
fn registries(code: &str) -> Vec<Registry<'_>> {
    code.match_indices("&[&")
        .filter_map(|(start, opening)| {
            let before = code[..start].trim_end().strip_suffix(':')?;
            let name = before.rsplit(|next| !is_word(next)).next()?;
            let declares = before[..before.len() - name.len()].trim_end();
            if !declares.ends_with("const") && !declares.ends_with("static") {
                return None;
            }
            // `dyn Trait`, `'static (dyn Trait + Sync)`, `dyn module::Trait`.
            let (item, rest) = code[start + opening.len()..].split_once(']')?;
            let named = item.split_once("dyn ")?.1;
            let path = named.split(|next| !is_word(next) && next != ':').next()?;
            let trait_name = path.rsplit(':').next()?;
            let entries = rest.split_once('[')?.1.split(';').next()?;
            Some(Registry { name, trait_name, entries, line: line_of(code, start) })
        })
        .collect()
}

/// Returns the files of the directory that implement the trait for something that is not listed.
fn unlisted<'r>(
    repository: &'r Repository,
    directory: &str,
    registry: &Registry<'_>,
) -> Vec<(&'r str, String)> {
    let siblings: Vec<(&str, RustSource)> = siblings(repository, directory);
    let implementations: Vec<(&str, Implementation)> = siblings
        .iter()
        .flat_map(|(path, source)| implementations(source).map(|each| (*path, each)))
        .collect();
    // `impl<T: Bound> Trait for T`: whoever implements the bound is a member.
    let bounds = implementations
        .iter()
        .filter(|(_, each)| each.trait_name == registry.trait_name)
        .filter_map(|(_, each)| each.bound);
    let traits: Vec<&str> = bounds.chain([registry.trait_name]).collect();
    let is_listed =
        |member: &str| registry.entries.split(|next| !is_word(next)).any(|entry| entry == member);
    implementations
        .iter()
        .filter(|(_, each)| each.bound.is_none() && traits.contains(&each.trait_name))
        .filter(|(_, each)| !is_listed(each.member))
        .map(|(path, each)| (*path, each.member.to_owned()))
        .collect()
}

/// Returns the modules of a directory: its files, and the `mod.rs` of its directories.
fn siblings<'r>(repository: &'r Repository, directory: &str) -> Vec<(&'r str, RustSource)> {
    repository
        .ending(".rs")
        .filter(|(path, _)| {
            path.strip_prefix(directory).is_some_and(|inside| {
                let is_file = inside != "mod.rs" && !inside.contains('/');
                is_file || inside.split_once('/').is_some_and(|(_, rest)| rest == "mod.rs")
            })
        })
        .filter(|(path, _)| !repository.is_test(path))
        .map(|(path, text)| (path, RustSource::new(text)))
        .collect()
}

/// `impl Trait for Member`, or `impl<T: Bound> Trait for T`.
struct Implementation<'c> {
    trait_name: &'c str,
    member: &'c str,
    /// The first bound of the member, where that is a type parameter.
    bound: Option<&'c str>,
}

/// Returns the implementations of traits that a file has outside its tests.
fn implementations(source: &RustSource) -> impl Iterator<Item = Implementation<'_>> {
    source.product_lines().filter_map(|(_, line)| {
        let (head, rest) = line.strip_prefix("impl")?.split_once(" for ")?;
        let member = rest.split(|next| !is_word(next)).next().filter(|name| !name.is_empty())?;
        let trait_path = head.rsplit(' ').next()?.split('<').next()?;
        let trait_name = trait_path.rsplit(':').next()?;
        let bound = head.strip_prefix('<').and_then(|parameters| {
            let (_, bounds) = parameters.split_once(&format!("{member}: "))?;
            bounds.split(|next| !is_word(next)).next()
        });
        Some(Implementation { trait_name, member, bound })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEMBER: &str =
        "//! x\nuse super::Rule;\npub struct Positive;\nimpl Rule for Positive {\n}\n";

    fn findings(registry: &str) -> Vec<Finding> {
        Registries.findings(&Repository::of(&[
            ("a/src/rules/mod.rs", registry),
            ("a/src/rules/positive.rs", MEMBER),
            ("a/src/rules/reading.rs", "//! No rule.\nimpl Display for Reading {\n}\n"),
            ("a/src/rules/deep/other.rs", &MEMBER.replace("Positive", "Other")),
        ]))
    }

    #[test]
    fn a_file_that_is_not_listed_is_found() {
        let findings = findings("//! x\npub const RULES: &[&dyn Rule] = &[&Negative];\n");
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert_eq!(findings[0].line, 2);
        assert!(findings[0].what.contains("Positive"));
    }

    #[test]
    fn entries_may_be_written_with_or_without_their_module() {
        for entry in ["&Positive", "&positive::Positive", "&self::positive::Positive,\n"] {
            let registry = format!("pub static RULES: &[&(dyn Rule + Sync)] = &[\n    {entry}];\n");
            assert!(findings(&registry).is_empty(), "{entry}");
        }
    }

    #[test]
    fn whoever_is_a_member_through_another_trait_must_be_listed() {
        let repository = Repository::of(&[
            ("a/src/rules/mod.rs", "const RULES: &[&dyn Rule] = &[&Listed];\n"),
            ("a/src/rules/all.rs", "//! x\nimpl<T: Judge> Rule for T {\n}\n"),
            ("a/src/rules/listed.rs", "//! x\nimpl Judge for Listed {\n}\n"),
            ("a/src/rules/lost.rs", "//! x\nimpl super::Judge for Lost {\n}\n"),
        ]);
        let findings = Registries.findings(&repository);
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert!(findings[0].what.contains("Lost"));
    }

    #[test]
    fn slices_of_other_things_are_no_registries() {
        assert!(findings("const WORDS: &[&str] = &[\"a\"];\n").is_empty());
    }
}
