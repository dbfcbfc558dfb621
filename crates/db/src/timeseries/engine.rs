//! The engines that time series can be kept by.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// What keeps time series on a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Engine {
    /// Declarative range partitions of plain PostgreSQL.
    Native,
    /// TimescaleDB under its community licence: hypertables, columnstore, continuous aggregates.
    Timescale,
    /// TimescaleDB under the Apache licence: hypertables only.
    TimescaleApache,
    /// Native partitions, distributed by tenant.
    Citus,
}

/// A word that names no engine.
#[derive(Debug, thiserror::Error)]
#[error("unknown time-series engine '{0}': native, timescale, timescale-apache or citus")]
pub struct UnknownEngine(String);

impl Engine {
    /// Returns the word used in settings and tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Timescale => "timescale",
            Self::TimescaleApache => "timescale-apache",
            Self::Citus => "citus",
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Engine {
    type Err = UnknownEngine;

    fn from_str(word: &str) -> Result<Self, UnknownEngine> {
        [Self::Native, Self::Timescale, Self::TimescaleApache, Self::Citus]
            .into_iter()
            .find(|engine| engine.name() == word)
            .ok_or_else(|| UnknownEngine(word.to_owned()))
    }
}
