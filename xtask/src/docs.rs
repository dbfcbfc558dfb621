//! `cargo x docs`: writes `docs/reference` from what the program says of itself.
//!
//! `shelfops reference` prints all pages at once, each begun by a line `<!-- page: name.md -->`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail, ensure};

use crate::Outcome;
use crate::steps::{cargo, step};

/// Where the pages are.
const DIRECTORY: &str = "docs/reference";

/// What a line begins with that begins a page.
const PAGE: &str = "<!-- page: ";

/// Writes every page, and removes those that the program no longer has.
pub(crate) fn write(root: &Path) -> anyhow::Result<Outcome> {
    let directory = root.join(DIRECTORY);
    let pages = pages(&reference(root)?)?;
    fs::create_dir_all(&directory)
        .with_context(|| format!("could not create {}", directory.display()))?;
    for name in existing(&directory)? {
        if !pages.contains_key(&name) {
            fs::remove_file(directory.join(&name))
                .with_context(|| format!("could not remove {DIRECTORY}/{name}"))?;
        }
    }
    for (name, text) in &pages {
        if let Some(folder) = directory.join(name).parent() {
            fs::create_dir_all(folder)
                .with_context(|| format!("could not create {}", folder.display()))?;
        }
        fs::write(directory.join(name), text)
            .with_context(|| format!("could not write {DIRECTORY}/{name}"))?;
    }
    eprintln!("wrote {} pages to {DIRECTORY}", pages.len());
    Ok(Outcome::Clean)
}

/// Says which pages are not what the program says today.
pub(crate) fn check(root: &Path) -> anyhow::Result<Outcome> {
    eprintln!("== reference");
    let directory = root.join(DIRECTORY);
    let stale = stale(&pages(&reference(root)?)?, &read(&directory)?);
    for name in &stale {
        eprintln!("{DIRECTORY}/{name}: not what the program says; run `cargo x docs`");
    }
    Ok(if stale.is_empty() { Outcome::Clean } else { Outcome::Found })
}

/// Asks the program for its reference: as the tests build it, because another choice of packages has
/// other features of their dependencies, and would compile all of them once more.
fn reference(root: &Path) -> anyhow::Result<String> {
    let built = step("build", &mut cargo(root, &["test", "--workspace", "--no-run", "--quiet"]))?;
    ensure!(built == Outcome::Clean, "the program could not be built");
    let name = format!("shelfops{}", std::env::consts::EXE_SUFFIX);
    let own = std::env::current_exe().context("could not find where programs are built")?;
    let program = own.with_file_name(name);
    let output = Command::new(&program)
        .arg("reference")
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("could not start {}", program.display()))?;
    ensure!(output.status.success(), "shelfops reference failed: {}", output.status);
    String::from_utf8(output.stdout).context("shelfops reference printed no UTF-8")
}

/// Splits the reference into pages, by name.
fn pages(reference: &str) -> anyhow::Result<BTreeMap<String, String>> {
    let mut pages = BTreeMap::new();
    let mut current: Option<(String, String)> = None;
    for line in reference.lines() {
        if let Some(name) = line.strip_prefix(PAGE).and_then(|rest| rest.strip_suffix(" -->")) {
            ensure!(
                is_page(name),
                "'{name}' is no name of a page: it must be a file name ending in .md, in one folder \
                 at most"
            );
            pages.extend(current.replace((name.to_owned(), String::new())));
        } else if let Some((_, text)) = &mut current {
            text.push_str(line);
            text.push('\n');
        } else if !line.trim().is_empty() {
            bail!("shelfops reference begins with '{line}' and not with '{PAGE}name.md -->'");
        }
    }
    pages.extend(current);
    ensure!(!pages.is_empty(), "shelfops reference printed no page");
    for text in pages.values_mut() {
        *text = format!("{}\n", text.trim());
    }
    Ok(pages)
}

/// Whether a name is that of a page: `cli.md`, or `lint/drop-table.md`.
fn is_page(name: &str) -> bool {
    let is_plain =
        |part: &str| !part.is_empty() && !part.starts_with('.') && !part.contains(['/', '\\']);
    let (folder, file) = name.split_once('/').unwrap_or(("pages", name));
    is_plain(folder) && is_plain(file) && file.ends_with(".md")
}

/// Returns the names of pages that differ, are missing, or should not be there.
fn stale(wanted: &BTreeMap<String, String>, found: &BTreeMap<String, String>) -> Vec<String> {
    let differing = wanted.iter().filter(|(name, text)| found.get(*name) != Some(text));
    let surplus = found.iter().filter(|(name, _)| !wanted.contains_key(*name));
    differing.chain(surplus).map(|(name, _)| name.clone()).collect()
}

fn read(directory: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    existing(directory)?
        .into_iter()
        .map(|name| {
            let text = fs::read_to_string(directory.join(&name))
                .with_context(|| format!("could not read {DIRECTORY}/{name}"))?;
            Ok((name, text))
        })
        .collect()
}

/// Returns the names of the pages in the directory and its folders, none if there is no such directory.
fn existing(directory: &Path) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    if !directory.is_dir() {
        return Ok(names);
    }
    let entries = |directory: &Path| {
        fs::read_dir(directory).with_context(|| format!("could not read {}", directory.display()))
    };
    for entry in entries(directory)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_dir() {
            for page in entries(&entry.path())? {
                names.push(format!("{name}/{}", page?.file_name().to_string_lossy()));
            }
        } else {
            names.push(name);
        }
    }
    names.retain(|name| name.ends_with(".md"));
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_split_into_its_pages() {
        let pages =
            pages("<!-- page: cli.md -->\n\n# CLI\n\ntext\n\n<!-- page: rules.md -->\n# Rules\n");
        let pages = pages.unwrap();
        assert_eq!(pages["cli.md"], "# CLI\n\ntext\n");
        assert_eq!(pages["rules.md"], "# Rules\n");
    }

    #[test]
    fn pages_stay_in_their_directory() {
        assert!(pages("<!-- page: ../../evil.md -->\n").is_err());
        assert!(pages("<!-- page: ../evil.md -->\n").is_err());
        assert!(pages("<!-- page: a/b/deep.md -->\n").is_err());
        assert!(pages("<!-- page: lint/drop-table.md -->\n").is_ok());
        assert!(pages("text before any page\n").is_err());
        assert!(pages("").is_err());
    }

    #[test]
    fn stale_pages_are_those_that_differ_are_missing_or_too_many() {
        let page = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        let wanted = BTreeMap::from([page("a.md", "1"), page("b.md", "2"), page("c.md", "3")]);
        let found = BTreeMap::from([page("a.md", "1"), page("b.md", "old"), page("d.md", "4")]);
        assert_eq!(stale(&wanted, &found), ["b.md", "c.md", "d.md"]);
    }
}
