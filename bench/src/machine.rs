//! What the figures were measured on.

use serde::Serialize;

use crate::server::BenchServer;

/// A machine and the versions on it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Machine {
    processor: String,
    cores: usize,
    memory_gib: u64,
    postgresql: String,
    timescaledb: String,
    settings: String,
    /// Whether the kernel divides the cores between sessions, of which each server process is one.
    divides_by_session: bool,
    commit: String,
}

impl Machine {
    /// Says it in a few lines.
    pub(crate) fn lines(&self) -> Vec<String> {
        vec![
            format!("{}, {} cores, {} GiB", self.processor, self.cores, self.memory_gib),
            format!("PostgreSQL {}, TimescaleDB {}", self.postgresql, self.timescaledb),
            self.settings.clone(),
            format!("kernel.sched_autogroup_enabled {}", u8::from(self.divides_by_session)),
            format!("commit {}", self.commit),
        ]
    }
}

/// Looks at the machine and the server.
pub(crate) async fn describe(server: &BenchServer) -> anyhow::Result<Machine> {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let client = server.connect("postgres").await?;
    let row = client
        .query_one(
            "select current_setting('server_version'),
                 coalesce((select default_version from pg_available_extensions
                           where name = 'timescaledb'), 'not there')
                     || coalesce(' (' || current_setting('timescaledb.license', true) || ')', ''),
                 (select string_agg(name || ' ' || current_setting(name), ', ' order by name)
                  from unnest(array['shared_buffers', 'max_wal_size', 'fsync', 'jit',
                      'synchronous_commit', 'work_mem', 'maintenance_work_mem']) as name)",
            &[],
        )
        .await?;
    let commit = std::process::Command::new("git").args(["rev-parse", "--short", "HEAD"]).output();
    Ok(Machine {
        processor: field(&cpu, "model name").unwrap_or_else(|| "unknown processor".to_owned()),
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        memory_gib: field(&memory, "MemTotal")
            .and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok())
            .map_or(0, |kib| kib >> 20),
        postgresql: row.get(0),
        timescaledb: row.get(1),
        settings: row.get(2),
        divides_by_session: std::fs::read_to_string("/proc/sys/kernel/sched_autogroup_enabled")
            .is_ok_and(|told| told.trim() == "1"),
        commit: commit
            .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
            .unwrap_or_default(),
    })
}

fn field(text: &str, name: &str) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}
