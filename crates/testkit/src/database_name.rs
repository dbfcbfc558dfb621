//! Names databases so that any process can tell whose they are, and whether they are still needed.

use std::fmt;
use std::fs;
use std::sync::atomic::{AtomicU32, Ordering};

use shelfops_embedded_postgres::Process;

use crate::error::TestkitError;

/// Tells the databases of one process apart.
static NEXT_NUMBER: AtomicU32 = AtomicU32::new(1);

/// Longer names would not leave room for the rest within PostgreSQL's 63 bytes.
const LONGEST_TEMPLATE_NAME: usize = 24;

/// The name of one test's database: machine, process, start of the process, number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DatabaseName {
    machine: String,
    process: Process,
    number: u32,
}

impl DatabaseName {
    /// Returns a name nobody has used.
    pub(crate) fn next() -> Self {
        let number = NEXT_NUMBER.fetch_add(1, Ordering::Relaxed);
        Self { machine: machine(), process: Process::current(), number }
    }

    /// Reads a name; `None` for a database that is no test's.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let mut parts = name.strip_prefix("testkit_test_")?.split('_');
        let machine = parts.next()?.to_owned();
        let (id, started) = (parts.next()?, parts.next()?.replace('x', "-"));
        let process = Process::parse(&format!("{id} {started}"))?;
        let number = parts.next()?.parse().ok()?;
        parts.next().is_none().then_some(Self { machine, process, number })
    }

    /// Tells whether the process that made the database has ended.
    ///
    /// Only the processes of this machine can be judged.
    pub(crate) fn is_stale(&self) -> bool {
        self.machine == machine() && !self.process.is_alive()
    }
}

impl fmt::Display for DatabaseName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A start time the system does not tell is a dash, which a plain name cannot hold.
        let started = self.process.started().replace('-', "x");
        let (machine, id, number) = (&self.machine, self.process.id(), self.number);
        write!(formatter, "testkit_test_{machine}_{id}_{started}_{number}")
    }
}

/// The names of a template database: while it is built, and when it is complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TemplateName {
    name: String,
    hash: u64,
}

impl TemplateName {
    /// Names the template `name` whose content `fingerprint` stands for.
    pub(crate) fn new(name: &str, fingerprint: &str) -> Result<Self, TestkitError> {
        let is_plain =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if name.is_empty() || name.len() > LONGEST_TEMPLATE_NAME || !name.bytes().all(is_plain) {
            return Err(TestkitError::InvalidName { name: name.to_owned() });
        }
        Ok(Self { name: name.to_owned(), hash: hash(&format!("{name}\n{fingerprint}")) })
    }

    /// Returns the name of the database while it is filled.
    pub(crate) fn while_built(&self) -> String {
        format!("testkit_building_{}_{:016x}", self.name, self.hash)
    }

    /// Returns the name of the complete database.
    pub(crate) fn complete(&self) -> String {
        format!("testkit_template_{}_{:016x}", self.name, self.hash)
    }

    /// Tells whether `database` is a template of the same name with another fingerprint.
    pub(crate) fn is_replaced(&self, database: &str) -> bool {
        ["testkit_building_", "testkit_template_"].iter().any(|prefix| {
            let rest = database.strip_prefix(prefix).and_then(|rest| rest.strip_prefix(&self.name));
            let hash = rest.and_then(|rest| rest.strip_prefix('_'));
            hash.is_some_and(|hash| hash.len() == 16 && hash != format!("{:016x}", self.hash))
        })
    }

    /// Returns the key of the lock that keeps others from building the same template.
    pub(crate) fn lock_key(&self) -> i64 {
        self.hash.cast_signed()
    }
}

/// Returns the key of the lock on the template database `name`, or `None` if it is no template.
pub(crate) fn lock_key_of(name: &str) -> Option<i64> {
    let (_, hash) = name.rsplit_once('_')?;
    u64::from_str_radix(hash, 16).ok().map(u64::cast_signed)
}

/// Returns a short name for the machine, or for the container, whose process ids we see.
fn machine() -> String {
    let host = fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let host = host.or_else(|| std::env::var("HOSTNAME").ok()).unwrap_or_default();
    let process_space = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    format!("{:08x}", hash(&format!("{host}\n{}", process_space.display())) >> 32)
}

/// Returns the same number for the same text in every release, which std's hasher does not promise.
pub(crate) fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_database_is_needed_while_its_process_lives() {
        let name = DatabaseName::next();
        assert_eq!(DatabaseName::parse(&name.to_string()), Some(name.clone()));
        assert!(!name.is_stale());
        assert_ne!(DatabaseName::next(), name);
    }

    #[test]
    fn a_test_database_of_a_dead_process_is_stale_on_its_own_machine_only() {
        let dead = format!("testkit_test_{}_4194304_77_1", machine());
        assert!(DatabaseName::parse(&dead).unwrap().is_stale());
        assert!(!DatabaseName::parse("testkit_test_0badcafe_4194304_77_1").unwrap().is_stale());
    }

    #[test]
    fn other_databases_are_nobodys_tests() {
        for name in ["postgres", "testkit_template_a_0123456789abcdef", "testkit_test_a_b_c_d"] {
            assert_eq!(DatabaseName::parse(name), None, "{name}");
        }
    }

    #[test]
    fn a_template_replaces_those_of_the_same_name_with_another_fingerprint() {
        let template = TemplateName::new("shop", "2").unwrap();
        let older = TemplateName::new("shop", "1").unwrap();
        let longer = TemplateName::new("shop_b", "1").unwrap();
        assert!(template.is_replaced(&older.complete()));
        assert!(template.is_replaced(&older.while_built()));
        assert!(!template.is_replaced(&template.complete()));
        assert!(!template.is_replaced(&longer.complete()));
        assert!(!template.is_replaced("testkit_template_shop"));
        assert_eq!(lock_key_of(&older.complete()), Some(older.lock_key()));
    }

    #[test]
    fn names_fit_and_odd_ones_are_refused() {
        let longest = TemplateName::new(&"a".repeat(LONGEST_TEMPLATE_NAME), "").unwrap();
        assert!(longest.complete().len() <= 63);
        assert!(DatabaseName::next().to_string().len() <= 63);
        for name in ["", "Shop", "shop-1", "a\"b", &"a".repeat(25)] {
            TemplateName::new(name, "").unwrap_err();
        }
    }
}
