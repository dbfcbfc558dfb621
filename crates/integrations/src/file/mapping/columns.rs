//! The columns that a file has, and which of them a name means.

use rustc_hash::FxHashMap;

/// How much of a file's columns is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Completeness {
    /// All of them: the file announces them.
    Whole,
    /// Those of the first records: others may follow.
    Sample(u64),
    /// Those of one record.
    Record,
}

/// The columns that a file has.
#[derive(Clone, Debug)]
pub(crate) struct Columns {
    names: Vec<String>,
    by_name: FxHashMap<String, Vec<u32>>,
    by_plain_name: FxHashMap<String, Vec<u32>>,
    unusable: FxHashMap<u32, String>,
    completeness: Completeness,
    seen: usize,
}

/// What a name means among the columns.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Lookup {
    /// One column.
    Found(u32),
    /// Several; these are the names that tell them apart.
    Ambiguous(Vec<String>),
    /// One that holds no single value.
    Unusable(String),
    /// None.
    Missing,
}

impl Columns {
    /// Takes the names as the file has them: nameless columns are numbered, and columns that share
    /// a name get a number behind it.
    pub(crate) fn new(
        headers: impl IntoIterator<Item = impl AsRef<str>>,
        completeness: Completeness,
    ) -> Self {
        let headers: Vec<String> = headers
            .into_iter()
            .enumerate()
            .map(|(index, header)| match header.as_ref().trim() {
                "" => format!("column_{}", index + 1),
                name => name.to_owned(),
            })
            .collect();
        let mut by_name: FxHashMap<String, Vec<u32>> = FxHashMap::default();
        for (index, header) in (0..).zip(&headers) {
            by_name.entry(header.clone()).or_default().push(index);
        }
        let mut columns = Self {
            names: Vec::with_capacity(headers.len()),
            by_name,
            by_plain_name: FxHashMap::default(),
            unusable: FxHashMap::default(),
            completeness,
            seen: headers.len(),
        };
        let mut appearances: FxHashMap<&str, u32> = FxHashMap::default();
        for (index, header) in (0..).zip(&headers) {
            let appearance = appearances.entry(header).or_default();
            *appearance += 1;
            let name = columns.distinct(header, *appearance);
            if name != *header {
                columns.by_name.insert(name.clone(), vec![index]);
            }
            columns.by_plain_name.entry(plain(header)).or_default().push(index);
            columns.names.push(name);
        }
        columns
    }

    /// Marks a column as one that holds `what` instead of a single value.
    pub(crate) fn mark_unusable(&mut self, column: u32, what: String) {
        self.unusable.insert(column, what);
    }

    /// Returns the names, each once, in the file's order.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// Returns how much of the file's columns these are.
    pub(crate) const fn completeness(&self) -> Completeness {
        self.completeness
    }

    /// Whether a column was seen in the file, and is not only hoped for by a mapping.
    pub(crate) const fn is_seen(&self, column: u32) -> bool {
        (column as usize) < self.seen
    }

    /// Finds the column that a mapping names.
    pub(crate) fn find(&self, name: &str) -> Lookup {
        self.resolve(self.by_name.get(name))
    }

    /// Finds the column whose name, written lower-case with underscores, is `plain_name`.
    pub(crate) fn guess(&self, plain_name: &str) -> Lookup {
        self.resolve(self.by_plain_name.get(plain_name))
    }

    /// Adds a column that a mapping names and no record has shown yet.
    pub(crate) fn expect(&mut self, name: &str) -> u32 {
        let index = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.names.push(name.to_owned());
        self.by_name.insert(name.to_owned(), vec![index]);
        index
    }

    fn resolve(&self, found: Option<&Vec<u32>>) -> Lookup {
        match found.map(Vec::as_slice) {
            None | Some([]) => Lookup::Missing,
            Some([column]) => match self.unusable.get(column) {
                Some(what) => Lookup::Unusable(what.clone()),
                None => Lookup::Found(*column),
            },
            Some(several) => Lookup::Ambiguous(
                several.iter().map(|column| self.names[*column as usize].clone()).collect(),
            ),
        }
    }

    /// Returns a name that no other column has: the header's own unless several share it.
    fn distinct(&self, header: &str, appearance: u32) -> String {
        if self.by_name.get(header).is_none_or(|sharing| sharing.len() == 1) {
            return header.to_owned();
        }
        let mut number = appearance;
        loop {
            let name = format!("{header}_{number}");
            if !self.by_name.contains_key(&name) {
                return name;
            }
            number += 1000;
        }
    }
}

/// Writes a header lower-case, with underscores for everything that is no letter or digit.
fn plain(header: &str) -> String {
    let mut plain = String::with_capacity(header.len());
    for character in header.chars() {
        if character.is_alphanumeric() {
            plain.extend(character.to_lowercase());
        } else if !plain.is_empty() && !plain.ends_with('_') {
            plain.push('_');
        }
    }
    plain.truncate(plain.trim_end_matches('_').len());
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_guessed_whatever_their_style() {
        for header in ["Store ID", "store_id", "STORE-ID", " store.id ", "Store (ID)"] {
            let columns = Columns::new([header], Completeness::Whole);
            assert_eq!(columns.guess("store_id"), Lookup::Found(0), "{header}");
        }
    }

    #[test]
    fn columns_that_share_a_name_are_told_apart_by_a_number() {
        let columns = Columns::new(["price", "", "price", "price_1"], Completeness::Whole);
        assert_eq!(columns.names(), ["price_1001", "column_2", "price_2", "price_1"]);
        assert_eq!(
            columns.find("price"),
            Lookup::Ambiguous(vec!["price_1001".into(), "price_2".into()])
        );
        assert_eq!(columns.find("price_1"), Lookup::Found(3));
        assert_eq!(columns.find("price_2"), Lookup::Found(2));
    }
}
