//! Runs the product as a user would: the built binary, one process an import.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::Value;

use crate::process::peak_memory_mib;
use crate::server::BenchServer;

/// A database with the schema, ready to import into.
pub(crate) struct Target<'a> {
    binary: &'a Path,
    urls: (String, String),
    engine: &'static str,
}

/// What one import took.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Took {
    /// Wall time of the whole process, in seconds.
    pub(crate) seconds: f64,
    /// New rows.
    pub(crate) inserted: u64,
    /// Records that changed nothing.
    pub(crate) unchanged: u64,
    /// The most memory that the process had, in MiB.
    pub(crate) peak_mib: u64,
}

/// Builds the binary as users get it.
pub(crate) fn build() -> anyhow::Result<PathBuf> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let status = Command::new(cargo)
        .args(["build", "--release", "--quiet", "--package", "shelfops"])
        .status()
        .context("building shelfops")?;
    if !status.success() {
        bail!("shelfops does not build");
    }
    let own = std::env::current_exe()?;
    Ok(own.with_file_name("shelfops"))
}

impl<'a> Target<'a> {
    /// Makes a database anew and builds the schema in it.
    pub(crate) async fn new(
        server: &BenchServer,
        binary: &'a Path,
        database: &str,
        engine: &'static str,
    ) -> anyhow::Result<Self> {
        server.fresh(database).await?;
        let target = Self { binary, urls: server.urls(database), engine };
        target.run(&["migrate", "up"])?;
        Ok(target)
    }

    /// Adds a tenant with the benchmark's stores and products.
    pub(crate) fn add_tenant(&self, slug: &str, directory: &Path) -> anyhow::Result<()> {
        self.run(&["tenant", "add", slug])?;
        for kind in ["stores", "products"] {
            let file = directory.join(format!("{kind}.csv"));
            let file = file.to_str().context("a path that is no text")?;
            self.run(&["import", file, "--tenant", slug, "--kind", kind])?;
        }
        Ok(())
    }

    /// Imports a file of transactions and measures the whole process.
    pub(crate) fn import(&self, slug: &str, file: &Path) -> anyhow::Result<Took> {
        let file = file.to_str().context("a path that is no text")?;
        let started = Instant::now();
        let mut child = self
            .command(&["import", file, "--tenant", slug, "--kind", "transactions"])
            .stdout(Stdio::piped())
            .spawn()?;
        let mut peak_mib = 0;
        let status = loop {
            peak_mib = peak_mib.max(peak_memory_mib(child.id()));
            if let Some(status) = child.try_wait()? {
                break status;
            }
            pause();
        };
        let seconds = started.elapsed().as_secs_f64();
        let mut text = String::new();
        if let Some(stdout) = child.stdout.as_mut() {
            std::io::Read::read_to_string(stdout, &mut text)?;
        }
        if !status.success() {
            bail!("importing {file} failed: {text}");
        }
        let answer: Value = serde_json::from_str(&text).context("the import's answer")?;
        let totals = &answer["data"]["totals"];
        let count = |name: &str| totals[name].as_u64().unwrap_or_default();
        Ok(Took { seconds, inserted: count("inserted"), unchanged: count("unchanged"), peak_mib })
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> anyhow::Result<()> {
        let output = self.command(arguments).output()?;
        if !output.status.success() {
            bail!("{arguments:?} failed: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(())
    }

    /// Returns a call of the binary that knows the database.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.binary);
        command
            .args(arguments)
            .args(["--quiet", "--output", "json"])
            .env("DATABASE_URL", &self.urls.0)
            .env("SHELFOPS_APP_DATABASE_URL", &self.urls.1)
            .env("SHELFOPS_TIMESERIES_ENGINE", self.engine)
            // Elsewhere than in development, migrations wait for somebody's approval.
            .env("SHELFOPS_ENVIRONMENT", "development");
        command
    }
}

#[expect(clippy::disallowed_methods, reason = "the interval at which memory is sampled")]
fn pause() {
    std::thread::sleep(Duration::from_millis(10));
}
