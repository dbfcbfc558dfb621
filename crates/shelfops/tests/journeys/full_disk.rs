//! A disk that is really full: a server of the test's own stages on a file system of a few megabytes.
//!
//! Only the superuser may mount one. Where that is not allowed, a trigger plays the full disk: see
//! `broken_database`.

use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use shelfops_embedded_postgres::{Config, Installation, Server, ServerHandle};
use shelfops_testkit::{connect, wait_for};

use super::broken_database::assert_tells_of_full_disk;
use crate::fixture::{Command, Report, csv, dirty_sales};

const DEADLINE: Duration = Duration::from_secs(60);
const LINES: u32 = 60_000;

/// A file system of a few megabytes in memory; gone with this value.
struct SmallDisk {
    path: PathBuf,
}

impl SmallDisk {
    /// Mounts one for the user that owns `data`; `None` where that is not allowed.
    fn mount(path: PathBuf, data: &Path) -> Option<Self> {
        std::fs::create_dir(&path).unwrap();
        let owner = std::fs::metadata(data).unwrap();
        let options = format!("size=16m,mode=700,uid={},gid={}", owner.uid(), owner.gid());
        let mut mount = std::process::Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(&path);
        let output = mount.output().ok()?;
        output.status.success().then_some(Self { path })
    }

    /// Writes until nothing fits any more.
    fn fill(&self) {
        let mut filler = std::fs::File::create(self.path.join("filler")).unwrap();
        let block = [0; 4_096];
        while filler.write_all(&block).is_ok() {}
    }

    fn free(&self) {
        std::fs::remove_file(self.path.join("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // The server may still have files open there.
        let unmounted = std::process::Command::new("umount").arg("--lazy").arg(&self.path).status();
        if !unmounted.is_ok_and(|status| status.success()) {
            eprintln!("{} is still mounted", self.path.display());
        }
    }
}

fn start(directory: &Path) -> ServerHandle {
    let config = Config::new(directory.join("server")).setting("fsync", "off");
    Server::start(Installation::find().unwrap(), config).unwrap()
}

#[tokio::test]
async fn a_disk_that_fills_up_in_the_middle_is_told_and_the_import_completed_later() {
    let directory = tempfile::tempdir().unwrap();
    // The server runs as another user, who must be able to get there.
    let everybody = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(directory.path(), everybody).unwrap();
    let server = start(directory.path());
    let data = server.directory().join("data");
    let Some(disk) = SmallDisk::mount(directory.path().join("disk"), &data) else {
        eprintln!("skipped: this user may not mount a small file system to fill it up");
        return;
    };
    let url = server.connection_url("postgres");
    let client = connect(&url).await.unwrap();
    let call =
        |line: &str| Command::new(directory.path()).env("DATABASE_URL", &url).args(line.split(' '));
    std::fs::write(directory.path().join("stores.csv"), "store_id,name\nS1,A\nS2,B\n").unwrap();
    std::fs::write(directory.path().join("sales.csv"), csv(&dirty_sales(LINES))).unwrap();
    for line in [
        "migrate up --timeseries-engine native",
        "tenant add acme",
        "import stores.csv --tenant acme --kind stores",
    ] {
        call(line).run().await.succeeds();
    }
    let location = disk.path.display();
    for statement in [
        &format!("create tablespace small location '{location}'"),
        "grant create on tablespace small to public",
        "alter database postgres set temp_tablespaces = 'small'",
    ] {
        client.batch_execute(statement).await.unwrap();
    }

    let import = "import sales.csv --tenant acme --kind transactions --unknown-products create \
                  --batch-records 1 --output json";
    let mut running = call(import).start();
    let count = "select coalesce(sum(read_count), 0)::bigint from sync_runs
                 where stream = 'transactions'";
    let read_count = async || client.query_one(count, &[]).await.unwrap().get::<_, i64>(0);
    wait_for("a batch to be committed", DEADLINE, async || {
        read_count().await > 0 || !running.is_running()
    })
    .await
    .unwrap();
    disk.fill();
    assert_tells_of_full_disk(&running.end().await.fails_with(1));
    let before = read_count().await;
    assert!(before > 0 && before < i64::from(LINES), "{before}");

    disk.free();
    let rest = Report::of(&call(import).run().await.succeeds().data());
    assert_eq!(rest.status, "resumed");
    assert_eq!(before + rest.counts.read as i64, i64::from(LINES));
    let again = call(&format!("{import} --again")).run().await.succeeds();
    let again = Report::of(&again.data()).counts;
    assert_eq!((again.read, again.inserted), (u64::from(LINES), 0));
    drop(client);
    drop(disk);
    server.stop_if_last().unwrap();
}
