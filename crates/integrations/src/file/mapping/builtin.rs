//! The mappings that come with the program.

use super::Mapping;

/// Each by its name, as `--map` takes it.
const BUILTIN: &[(&str, &str)] = &[
    ("completejourney-products", include_str!("../../../mappings/completejourney-products.toml")),
    (
        "completejourney-transactions",
        include_str!("../../../mappings/completejourney-transactions.toml"),
    ),
];

impl Mapping {
    /// Returns the mapping of that name that comes with the program.
    pub fn builtin(name: &str) -> Option<Self> {
        let (_, text) = BUILTIN.iter().find(|(known, _)| *known == name)?;
        Self::parse(text).ok()
    }

    /// Returns the names of the mappings that come with the program.
    pub fn builtin_names() -> impl ExactSizeIterator<Item = &'static str> {
        BUILTIN.iter().map(|(name, _)| *name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mapping_in_the_folder_is_listed_and_can_be_read() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/mappings");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter_map(|name| name.strip_suffix(".toml").map(str::to_owned))
            .collect();
        files.sort();
        assert_eq!(files, Mapping::builtin_names().collect::<Vec<_>>());
        for (name, text) in BUILTIN {
            Mapping::parse(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
        assert!(Mapping::builtin("no-such-mapping").is_none());
    }
}
