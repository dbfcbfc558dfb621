//! What a copy is called: what it is, and whose.

use std::fmt;
use std::process;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use super::CopyKind;

/// How the names of all copies begin.
const PREFIX: &str = "rehearsal";

/// When this process made its first copy, in seconds: a process number alone comes again.
static STARTED: OnceLock<u64> = OnceLock::new();

static NEXT: AtomicU32 = AtomicU32::new(1);

/// The name of a copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CopyName {
    kind: CopyKind,
    process: u32,
    started: u64,
    number: u32,
}

impl CopyName {
    /// Returns a name that no other copy has.
    pub(super) fn next(kind: CopyKind) -> Self {
        let now = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |past| past.as_secs());
        Self {
            kind,
            process: process::id(),
            started: *STARTED.get_or_init(now),
            number: NEXT.fetch_add(1, Ordering::Relaxed),
        }
    }

    /// Reads a name; other databases have none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('_');
        if parts.next()? != PREFIX {
            return None;
        }
        let kind = CopyKind::parse(parts.next()?)?;
        let process = parts.next()?.parse().ok()?;
        let started = u64::from_str_radix(parts.next()?, 16).ok()?;
        let number = parts.next()?.parse().ok()?;
        let name = Self { kind, process, started, number };
        (parts.next().is_none() && name.to_string() == text).then_some(name)
    }

    /// Returns the pattern that the names of all copies match.
    pub(super) fn pattern() -> String {
        format!("{PREFIX}\\_%")
    }

    /// Returns the number of the advisory lock that the owner holds while it lives.
    pub(super) fn lock_key(&self) -> i64 {
        // FNV-1a: programs of all versions must come to the same number.
        let hash = self.to_string().bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        hash.cast_signed()
    }

    /// Returns the process that owns the copy.
    pub(super) const fn process(&self) -> u32 {
        self.process
    }
}

impl fmt::Display for CopyName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, process, started, number } = self;
        write!(formatter, "{PREFIX}_{}_{process}_{started:x}_{number}", kind.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_it_is_written() {
        let name = CopyName::next(CopyKind::Sample);
        assert_eq!(CopyName::parse(&name.to_string()), Some(name.clone()));
        assert_ne!(CopyName::next(CopyKind::Sample).lock_key(), name.lock_key());
    }

    #[test]
    fn databases_of_others_are_none_of_ours() {
        for name in [
            "rehearsal",
            "rehearsal_clone",
            "rehearsal_clone_1_2",
            "rehearsal_hall_1_2_3",
            "rehearsal_clone_1_2_3_4",
            "rehearsal_clone_01_2_3",
            "shop",
        ] {
            assert_eq!(CopyName::parse(name), None, "{name}");
        }
    }
}
