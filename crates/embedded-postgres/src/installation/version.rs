//! The version of a PostgreSQL server.

use std::fmt;

/// A version such as 17.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    major: u32,
    minor: u32,
}

impl Version {
    /// Reads what `postgres --version` prints; a beta counts as minor version zero.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (_, number) = text.split_once("(PostgreSQL) ")?;
        let (major, rest) = leading_number(number)?;
        let minor = rest.strip_prefix('.').and_then(leading_number).map_or(0, |(minor, _)| minor);
        Some(Self { major, minor })
    }

    /// Returns the major version: data directories of different ones do not mix.
    pub fn major(self) -> u32 {
        self.major
    }

    /// Returns the minor version.
    pub fn minor(self) -> u32 {
        self.minor
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.major, self.minor)
    }
}

fn leading_number(text: &str) -> Option<(u32, &str)> {
    let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    Some((text[..end].parse().ok()?, &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_distributions_print_them() {
        let read = |text| Version::parse(text).map(|version| version.to_string());
        let debian = "postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)\n";
        assert_eq!(read(debian).as_deref(), Some("15.20"));
        assert_eq!(read("postgres (PostgreSQL) 17beta1").as_deref(), Some("17.0"));
        assert_eq!(read("postgres (PostgreSQL) 18devel").as_deref(), Some("18.0"));
        assert_eq!(read("PostgreSQL 9"), None);
    }

    #[test]
    fn newer_versions_are_greater() {
        let version = |major, minor| Version { major, minor };
        assert!(version(17, 0) > version(15, 20));
        assert!(version(15, 20) > version(15, 9));
    }
}
