//! Links between the documents lead somewhere.

use super::repository::Repository;
use super::{Check, Finding};

/// Links in Markdown.
pub(super) struct MarkdownLinks;

impl Check for MarkdownLinks {
    fn name(&self) -> &'static str {
        "markdown-links"
    }

    fn why(&self) -> &'static str {
        "a reader who follows a link to nothing stops believing the rest"
    }

    fn findings(&self, repository: &Repository) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (path, text) in repository.ending(".md") {
            for (line, target) in links(text) {
                if let Some(what) = broken(repository, path, &target) {
                    findings.push(Finding::new(path, line, what, "correct the link, or remove it"));
                }
            }
        }
        findings
    }
}

/// Returns the targets of a document's links, with their lines; code has none.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut links = Vec::new();
    for (number, line) in prose(text) {
        // Every second part, between backticks, is code.
        for prose in line.split('`').step_by(2) {
            for part in prose.split("](").skip(1) {
                let target = part.split([')', ' ']).next().unwrap_or_default();
                links.push((number, target.trim_matches(['<', '>']).to_owned()));
            }
        }
    }
    links
}

/// Returns the lines outside fenced code, with their numbers.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut in_code = false;
    (1..).zip(text.lines()).filter(move |(_, line)| {
        let is_fence = line.trim_start().starts_with("```") || line.trim_start().starts_with("~~~");
        in_code ^= is_fence;
        !in_code && !is_fence
    })
}

/// Says what is wrong with a link, if something is.
fn broken(repository: &Repository, from: &str, target: &str) -> Option<String> {
    let leads_outside = target.contains("://") || target.starts_with("mailto:");
    if leads_outside || target.is_empty() {
        return None;
    }
    let (file, heading) = target.split_once('#').unwrap_or((target, ""));
    let path = if file.is_empty() { from.to_owned() } else { resolve(from, file) };
    if !path.is_empty() && !repository.has(path.trim_end_matches('/')) {
        return Some(format!("there is no {path}"));
    }
    let document =
        repository.text(&path).filter(|_| path.ends_with(".md") && !heading.is_empty())?;
    let has_heading = prose(document).any(|(_, line)| anchor(line).as_deref() == Some(heading));
    (!has_heading).then(|| format!("{path} has no heading for #{heading}"))
}

/// Resolves a link against the document it stands in.
fn resolve(from: &str, link: &str) -> String {
    let directory = from.rsplit_once('/').map_or("", |(directory, _)| directory);
    let start = if link.starts_with('/') { "" } else { directory };
    let mut parts: Vec<&str> = start.split('/').filter(|part| !part.is_empty()).collect();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Returns the anchor that a heading is reached by, as renderers make it.
fn anchor(line: &str) -> Option<String> {
    let heading = line.strip_prefix('#')?.trim_start_matches('#').strip_prefix(' ')?;
    let kept = heading
        .trim()
        .chars()
        .filter(|next| next.is_alphanumeric() || matches!(next, ' ' | '-' | '_'));
    Some(kept.map(|next| if next == ' ' { '-' } else { next }).collect::<String>().to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_to_nothing_are_found_with_their_line() {
        let page = "# One\n[good](two.md#a-heading-of-it) [web](https://example.org/x)\n[up](../README.md)\n[bad](three.md) `[code](four.md)`\n```\n[code](five.md)\n```\n[here](#one) [not here](#two) [bad](two.md#nothing)\n";
        let repository = Repository::of(&[
            ("docs/one.md", page),
            ("docs/two.md", "## A heading, of it!\n"),
            ("README.md", "[directory](docs/) [page](/docs/one.md)\n"),
        ]);
        let findings = MarkdownLinks.findings(&repository);
        let found: Vec<_> = findings.iter().map(|each| (each.line, each.what.as_str())).collect();
        assert_eq!(
            found,
            [
                (4, "there is no docs/three.md"),
                (8, "docs/one.md has no heading for #two"),
                (8, "docs/two.md has no heading for #nothing"),
            ]
        );
    }
}
