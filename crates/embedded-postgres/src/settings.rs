//! Writes the settings file that every start of a server brings up to date.

use std::fmt::Write;
use std::path::Path;

use crate::config::Config;
use crate::error::StartError;

/// Settings that follow from where the server lives, so a caller cannot choose them.
const OWN_SETTINGS: &[(&str, &str)] = &[
    ("port", "set the port of the configuration instead"),
    ("shared_preload_libraries", "list the library under `preload` instead"),
    ("unix_socket_directories", "the socket's directory is chosen by the server's user and place"),
    ("logging_collector", "errors quote the log the collector writes"),
    ("log_destination", "errors quote the log the collector writes"),
    ("log_directory", "errors quote the log from the server's own directory"),
];

/// Where the server listens and logs, and how large the machine is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Surroundings<'a> {
    pub(crate) socket_directory: &'a Path,
    pub(crate) port: u16,
    pub(crate) memory_megabytes: u64,
}

/// Returns the text of the settings file.
pub(crate) fn render(
    config: &Config,
    surroundings: Surroundings<'_>,
) -> Result<String, StartError> {
    let mut text = String::from("# Written at every start: changes made here are lost.\n");
    let all = own(config, surroundings).into_iter().chain(sized(surroundings.memory_megabytes));
    for (name, value) in all.chain(fixed()).chain(timescaledb(config)) {
        write_setting(&mut text, &name, &value)?;
    }
    for (name, value) in &config.settings {
        if let Some((_, reason)) = OWN_SETTINGS.iter().find(|(own, _)| own == name) {
            return Err(StartError::InvalidSetting { name: name.clone(), reason });
        }
        write_setting(&mut text, name, value)?;
    }
    Ok(text)
}

type Setting = (String, String);

fn own(config: &Config, surroundings: Surroundings<'_>) -> Vec<Setting> {
    vec![
        setting("listen_addresses", ""),
        setting("unix_socket_directories", quoted_in_list(surroundings.socket_directory)),
        setting("port", surroundings.port.to_string()),
        setting("shared_preload_libraries", config.preload.join(", ")),
        setting("logging_collector", "on"),
        setting("log_destination", "stderr"),
        // Relative to the data directory.
        setting("log_directory", "../log"),
    ]
}

/// Returns what depends on the size of the machine; it is shared with whatever else runs here.
fn sized(memory_megabytes: u64) -> Vec<Setting> {
    let megabytes = |amount: u64| format!("{amount}MB");
    vec![
        setting("shared_buffers", megabytes((memory_megabytes / 4).clamp(32, 2048))),
        setting("effective_cache_size", megabytes((memory_megabytes / 2).max(64))),
        setting("maintenance_work_mem", megabytes((memory_megabytes / 16).clamp(32, 512))),
    ]
}

fn fixed() -> Vec<Setting> {
    let common = [
        ("max_connections", "100"),
        ("max_wal_size", "4GB"),
        ("checkpoint_timeout", "15min"),
        // The processor is scarcer than the disk here: compressing page images slowed loads by a tenth.
        ("wal_compression", "off"),
        ("random_page_cost", "1.1"),
        ("jit", "off"),
        ("password_encryption", "scram-sha-256"),
        ("timezone", "UTC"),
        ("log_timezone", "UTC"),
        // Shown in the names of the server's processes, where people look who runs what.
        ("cluster_name", "shelfops"),
        // Messages in English, so that this crate recognises the few it must act on.
        ("lc_messages", "C"),
        ("log_min_messages", "warning"),
        ("log_lock_waits", "on"),
        ("log_file_mode", "0600"),
        // One file a weekday, overwritten a week later.
        ("log_filename", "postgresql-%a.log"),
        ("log_truncate_on_rotation", "on"),
        ("log_rotation_age", "1d"),
        ("log_rotation_size", "0"),
    ];
    // Only Linux can prefetch; elsewhere the server refuses any value but zero.
    let prefetch = cfg!(target_os = "linux").then_some(("effective_io_concurrency", "200"));
    common.into_iter().chain(prefetch).map(|(name, value)| setting(name, value)).collect()
}

fn timescaledb(config: &Config) -> Vec<Setting> {
    if !config.preload.iter().any(|library| library == "timescaledb") {
        return Vec::new();
    }
    vec![
        setting("timescaledb.telemetry_level", "off"),
        setting("timescaledb.max_background_workers", "8"),
        // Eight for TimescaleDB, its launcher, eight for parallel queries, and two to spare.
        setting("max_worker_processes", "19"),
        // A query may lock every chunk of a hypertable.
        setting("max_locks_per_transaction", "256"),
    ]
}

fn setting(name: &str, value: impl Into<String>) -> Setting {
    (name.to_owned(), value.into())
}

/// Quotes a path for a setting that holds a comma-separated list of paths.
fn quoted_in_list(path: &Path) -> String {
    format!("\"{}\"", path.to_string_lossy().replace('"', "\"\""))
}

fn write_setting(text: &mut String, name: &str, value: &str) -> Result<(), StartError> {
    let invalid = |reason| StartError::InvalidSetting { name: name.to_owned(), reason };
    let is_name_letter = |letter: char| letter.is_ascii_alphanumeric() || "_.".contains(letter);
    if name.is_empty() || !name.chars().all(is_name_letter) {
        return Err(invalid("names consist of letters, digits, underscores and dots"));
    }
    if value.contains(['\n', '\r', '\0']) {
        return Err(invalid("write its value on one line"));
    }
    let value = value.replace('\\', "\\\\").replace('\'', "''");
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{name} = '{value}'");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(config: &Config, memory_megabytes: u64) -> Result<String, StartError> {
        let surroundings = Surroundings {
            socket_directory: Path::new("/run/it's, here"),
            port: 5433,
            memory_megabytes,
        };
        render(config, surroundings)
    }

    #[test]
    fn a_large_machine_is_not_taken_whole() {
        let text = rendered(&Config::new("/x"), 65_536).unwrap();
        assert!(text.contains("shared_buffers = '2048MB'\n"), "{text}");
        assert!(text.contains("maintenance_work_mem = '512MB'\n"), "{text}");
    }

    #[test]
    fn a_small_machine_gets_a_quarter() {
        let text = rendered(&Config::new("/x"), 512).unwrap();
        assert!(text.contains("shared_buffers = '128MB'\n"), "{text}");
    }

    #[test]
    fn the_callers_settings_come_last_and_are_quoted() {
        let config = Config::new("/x").setting("jit", "on").setting("search_path", r"a\b, 'c'");
        let text = rendered(&config, 1024).unwrap();
        assert!(text.ends_with("jit = 'on'\nsearch_path = 'a\\\\b, ''c'''\n"), "{text}");
        assert!(text.contains("unix_socket_directories = '\"/run/it''s, here\"'\n"), "{text}");
    }

    #[test]
    fn timescaledb_is_configured_only_when_preloaded() {
        assert!(!rendered(&Config::new("/x"), 1024).unwrap().contains("timescaledb"));
        let text = rendered(&Config::new("/x").preload("timescaledb"), 1024).unwrap();
        assert!(text.contains("timescaledb.telemetry_level = 'off'\n"), "{text}");
    }

    #[test]
    fn settings_that_would_break_the_file_or_the_server_are_refused() {
        for (name, value) in [("a b", "1"), ("", "1"), ("jit", "on\nport = 1"), ("port", "1")] {
            let error = rendered(&Config::new("/x").setting(name, value), 1024).unwrap_err();
            assert!(matches!(error, StartError::InvalidSetting { .. }), "{name}: {error}");
        }
    }
}
