//! What a database is for: it decides whom a plan asks.

use std::fmt;
use std::str::FromStr;

/// What a database is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Environment {
    /// Somebody's own: what is lost can be made again.
    Development,
    /// Where changes are tried before others get them.
    Staging,
    /// Where retailers' data is.
    Production,
}

impl Environment {
    const ALL: [Self; 3] = [Self::Development, Self::Staging, Self::Production];

    /// Returns its name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Staging => "staging",
            Self::Production => "production",
        }
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Environment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|environment| environment.name() == text).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("there is no environment '{text}'; there are {names}")
        })
    }
}
