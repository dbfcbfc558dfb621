//! Reads what the crates' manifests say of dependencies.

use super::repository::Repository;

/// A crate of ours.
#[derive(Debug)]
pub(super) struct Manifest<'r> {
    pub(super) path: &'r str,
    pub(super) name: String,
    pub(super) dependencies: Vec<Dependency>,
}

/// A dependency of a crate.
#[derive(Debug)]
pub(super) struct Dependency {
    /// The package, also where the manifest gives it another name.
    pub(super) package: String,
    /// The manifest's line of it, from 1.
    pub(super) line: usize,
    /// Whether only tests, benchmarks and examples have it.
    pub(super) is_for_tests: bool,
}

/// Returns every crate's manifest that can be read; cargo complains about the others.
pub(super) fn manifests(repository: &Repository) -> Vec<Manifest<'_>> {
    repository
        .files()
        .filter(|(path, _)| *path == "Cargo.toml" || path.ends_with("/Cargo.toml"))
        .filter_map(|(path, text)| {
            let table: toml::Table = text.parse().ok()?;
            let name = table.get("package")?.get("name")?.as_str()?.to_owned();
            Some(Manifest { path, name, dependencies: dependencies(&table, text) })
        })
        .collect()
}

fn dependencies(table: &toml::Table, text: &str) -> Vec<Dependency> {
    let targets = table.get("target").and_then(toml::Value::as_table);
    let targets =
        targets.into_iter().flat_map(toml::Table::values).filter_map(|each| each.as_table());
    let mut dependencies = Vec::new();
    for table in targets.chain([table]) {
        for (section, is_for_tests) in
            [("dependencies", false), ("build-dependencies", false), ("dev-dependencies", true)]
        {
            let Some(entries) = table.get(section).and_then(toml::Value::as_table) else {
                continue;
            };
            for (name, entry) in entries {
                let renamed = entry.get("package").and_then(toml::Value::as_str);
                let package = renamed.unwrap_or(name).to_owned();
                let line = line_of_entry(text, section, name);
                dependencies.push(Dependency { package, line, is_for_tests });
            }
        }
    }
    dependencies
}

/// Returns the line of an entry in the section it is in.
fn line_of_entry(text: &str, section: &str, name: &str) -> usize {
    let mut in_section = false;
    for (number, line) in (1..).zip(text.lines()) {
        if let Some(heading) = line.trim().strip_prefix('[') {
            let heading = heading.trim_end_matches(']');
            let is_own_table = heading.ends_with(&format!("{section}.{name}"));
            if is_own_table {
                return number;
            }
            in_section = heading == section || heading.ends_with(&format!(".{section}"));
        } else if in_section
            && line.strip_prefix(name).is_some_and(|rest| rest.starts_with([' ', '=', '.']))
        {
            return number;
        }
    }
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_are_read_with_their_place_and_kind() {
        let text = "[package]\nname = \"one\"\n[dependencies]\nclock = { package = \"time\" }\n[dev-dependencies]\ntwo.workspace = true\n[target.'cfg(unix)'.dependencies]\nrustix = \"1\"\n";
        let repository = Repository::of(&[("crates/one/Cargo.toml", text)]);
        let manifests = manifests(&repository);
        let mut found: Vec<_> = manifests[0]
            .dependencies
            .iter()
            .map(|each| (each.line, each.package.as_str(), each.is_for_tests))
            .collect();
        found.sort_unstable();
        assert_eq!(found, [(4, "time", false), (6, "two", true), (8, "rustix", false)]);
    }
}
