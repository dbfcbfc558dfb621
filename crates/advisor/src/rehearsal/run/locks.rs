//! Lock modes: what the server calls them, and whom they keep out.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

/// How strong a lock on a table is, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LockMode {
    /// Readers'.
    AccessShare,
    /// That of `select … for update`.
    RowShare,
    /// Writers'.
    RowExclusive,
    /// That of `vacuum` and of what runs concurrently.
    ShareUpdateExclusive,
    /// That of `create index`.
    Share,
    /// That of `create trigger` and of foreign keys.
    ShareRowExclusive,
    /// That of `refresh materialized view concurrently`.
    Exclusive,
    /// That of most of `alter table`.
    AccessExclusive,
}

impl LockMode {
    /// Every mode.
    pub const ALL: [Self; 8] = [
        Self::AccessShare,
        Self::RowShare,
        Self::RowExclusive,
        Self::ShareUpdateExclusive,
        Self::Share,
        Self::ShareRowExclusive,
        Self::Exclusive,
        Self::AccessExclusive,
    ];

    /// Reads what `pg_locks` calls it.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.in_catalog() == text)
    }

    const fn in_catalog(self) -> &'static str {
        match self {
            Self::AccessShare => "AccessShareLock",
            Self::RowShare => "RowShareLock",
            Self::RowExclusive => "RowExclusiveLock",
            Self::ShareUpdateExclusive => "ShareUpdateExclusiveLock",
            Self::Share => "ShareLock",
            Self::ShareRowExclusive => "ShareRowExclusiveLock",
            Self::Exclusive => "ExclusiveLock",
            Self::AccessExclusive => "AccessExclusiveLock",
        }
    }

    /// Returns its name as `lock table` has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AccessShare => "access share",
            Self::RowShare => "row share",
            Self::RowExclusive => "row exclusive",
            Self::ShareUpdateExclusive => "share update exclusive",
            Self::Share => "share",
            Self::ShareRowExclusive => "share row exclusive",
            Self::Exclusive => "exclusive",
            Self::AccessExclusive => "access exclusive",
        }
    }

    /// Whether nobody can read meanwhile.
    pub fn stops_reads(self) -> bool {
        self == Self::AccessExclusive
    }

    /// Whether nobody can write meanwhile.
    pub fn stops_writes(self) -> bool {
        self >= Self::Share
    }

    /// Says whom it keeps out.
    pub fn keeps_out(self) -> &'static str {
        if self.stops_reads() {
            "stops reads and writes"
        } else if self.stops_writes() {
            "stops writes"
        } else {
            "stops neither"
        }
    }
}

impl fmt::Display for LockMode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
