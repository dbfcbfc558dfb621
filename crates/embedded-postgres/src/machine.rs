//! Asks the machine how much memory there is.

use std::fs;
use std::process::Command;

/// Assumed where the system does not say.
const FALLBACK_MEGABYTES: u64 = 1024;

/// Returns the memory this process may use, in megabytes: the machine's, or its container's.
pub(crate) fn memory_megabytes() -> u64 {
    let total = fs::read_to_string("/proc/meminfo").ok().and_then(|text| total_in(&text));
    let total = total.or_else(memory_by_sysctl).unwrap_or(FALLBACK_MEGABYTES);
    let limit = fs::read_to_string("/sys/fs/cgroup/memory.max").ok();
    let limit = limit.and_then(|text| bytes_to_megabytes(&text)).unwrap_or(u64::MAX);
    total.min(limit)
}

/// Takes the total out of `/proc/meminfo`.
fn total_in(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kilobytes / 1024)
}

fn memory_by_sysctl() -> Option<u64> {
    let output = Command::new("sysctl").args(["-n", "hw.memsize"]).output().ok()?;
    bytes_to_megabytes(&String::from_utf8_lossy(&output.stdout))
}

fn bytes_to_megabytes(text: &str) -> Option<u64> {
    text.trim().parse::<u64>().ok().map(|bytes| bytes / (1024 * 1024))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_read_in_kilobytes() {
        assert_eq!(total_in("MemTotal:       24654724 kB\nMemFree: 1 kB\n"), Some(24076));
        assert_eq!(total_in("nothing"), None);
    }

    #[test]
    fn an_unlimited_container_sets_no_limit() {
        assert_eq!(bytes_to_megabytes("max\n"), None);
        assert_eq!(bytes_to_megabytes("2147483648\n"), Some(2048));
    }
}
