//! Copies of a database on its own server, which are gone when nobody needs them.
//!
//! A clone is the database file by file, and quick; it needs the database to itself while it is made. A
//! restored dump needs nothing but time. A sample has the schema and some of the rows, chosen so that
//! every reference finds what it refers to. Roles belong to the whole server: none is made or changed.

mod clone;
mod database;
mod dump;
mod error;
mod name;
mod owner;
pub mod sample;
mod space;

use std::fmt;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use shelfops_connection::Address;
use tokio_postgres::Client;

pub use error::CopyError;
pub use sample::{Choice, Sample, SampleSchema};

use super::programs::Programs;
use super::progress::{Progress, Watch};
use name::CopyName;

/// What our sessions are called.
pub(super) const APPLICATION: &str = "rehearsal";

/// Dropping a copy takes some milliseconds; a server that hangs must not hang its caller.
const DROP_DEADLINE: Duration = Duration::from_secs(30);

/// How a copy came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopyKind {
    /// From the database's files.
    Clone,
    /// From a dump.
    Dump,
    /// From the schema and some of the rows.
    Sample,
}

impl CopyKind {
    /// Returns its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Clone => "clone",
            Self::Dump => "dump",
            Self::Sample => "sample",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Clone, Self::Dump, Self::Sample].into_iter().find(|kind| kind.name() == text)
    }
}

impl fmt::Display for CopyKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// What is copied, and how.
#[derive(Clone, Debug)]
pub struct CopyRequest {
    /// The database. Its login must be allowed to make databases, and to read every row.
    pub source: Address,
    /// How.
    pub method: Method,
    /// PostgreSQL's programs; a clone needs none.
    pub programs: Programs,
}

/// How a database is copied.
#[derive(Clone, Debug)]
pub enum Method {
    /// File by file.
    Clone {
        /// Whether sessions of others may be ended for it.
        may_disconnect: bool,
    },
    /// By dumping and restoring it.
    Dump,
    /// By restoring a dump that was made before: a custom, directory or tar archive, or plain SQL.
    File(PathBuf),
    /// By taking some of the rows.
    Sample(Sample),
}

/// How many rows of a table were copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// How many rows the copy has.
    pub rows: u64,
    /// About how many there are.
    pub of: u64,
}

/// A copy of a database. It is dropped with this value; what a killed process leaves behind, the next
/// copy removes.
pub struct Copy {
    name: CopyName,
    kind: CopyKind,
    address: Address,
    /// Holds the lock that says that the owner lives.
    holder: Client,
    session: owner::Session,
    sampled: Vec<Copied>,
    duration: Duration,
    is_dropped: bool,
}

impl fmt::Debug for Copy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Copy").field("name", &self.name.to_string()).finish()
    }
}

impl Copy {
    /// Makes a copy, after dropping those that nobody owns any more.
    ///
    /// # Errors
    /// Says why there is no copy; what was begun is dropped.
    pub async fn make(request: &CopyRequest, watch: Watch<'_>) -> Result<Self, CopyError> {
        let started = Instant::now();
        let source = &request.source;
        let holder = owner::maintenance(source).await?;
        owner::drop_leftovers(&holder).await?;
        let kind = request.method.kind();
        let name = CopyName::next(kind);
        let session = owner::claim(&holder, &name).await?;
        let address = source.with_database(&name.to_string());
        // From here on, dropping this value drops the copy, however much of it there is.
        let mut copy = Self {
            name,
            kind,
            address,
            holder,
            session,
            sampled: Vec::new(),
            duration: Duration::ZERO,
            is_dropped: false,
        };
        match copy.fill(request, watch).await {
            Ok(()) => {
                copy.duration = started.elapsed();
                Ok(copy)
            }
            Err(error) => {
                // The first error says more than one that follows it.
                let _ = copy.remove().await;
                Err(error)
            }
        }
    }

    async fn fill(&mut self, request: &CopyRequest, watch: Watch<'_>) -> Result<(), CopyError> {
        let (source, name) = (&request.source, &self.name);
        // Of a sample and of a file nobody knows before how much it will be.
        let size = match &request.method {
            Method::Clone { .. } | Method::Dump => {
                format!(" ({})", space::checked(source, &self.holder).await?)
            }
            Method::File(_) | Method::Sample(_) => String::new(),
        };
        watch(Progress::begun(format!("copying {}{size}: {}", source.database(), self.kind)));
        match &request.method {
            Method::Clone { may_disconnect } => {
                clone::make(source, &self.holder, name, *may_disconnect).await?;
            }
            Method::Dump | Method::File(_) | Method::Sample(_) => {
                database::make_empty(source, &self.holder, name).await?;
            }
        }
        owner::label(&self.holder, name, source.database()).await?;
        database::copy_settings(source, &self.holder, name).await?;
        match &request.method {
            Method::Clone { .. } => {}
            Method::Dump => dump::pipe(&request.programs, source, &self.address).await?,
            Method::File(path) => dump::restore(&request.programs, path, &self.address).await?,
            Method::Sample(wanted) => {
                let ends = sample::Ends {
                    programs: &request.programs,
                    source,
                    copy: &self.address,
                    watch,
                };
                self.sampled = sample::take(&ends, wanted).await?;
            }
        }
        watch(Progress::begun("reading the copy's statistics"));
        database::settle(&self.address, self.kind).await
    }

    /// Returns the database's name.
    pub fn name(&self) -> String {
        self.name.to_string()
    }

    /// Returns how it came about.
    pub const fn kind(&self) -> CopyKind {
        self.kind
    }

    /// Returns where it is.
    pub const fn address(&self) -> &Address {
        &self.address
    }

    /// Returns where it is, as the source's address was written.
    pub fn url(&self) -> &str {
        self.address.url()
    }

    /// Returns how many rows of each table a sample has; nothing where all rows are there.
    pub fn sampled(&self) -> &[Copied] {
        &self.sampled
    }

    /// Returns how many rows there are for each in the copy: one where all of them are there.
    pub fn scale_of(&self, schema: &str, name: &str) -> f64 {
        let sampled = self.sampled.iter().find(|one| one.schema == schema && one.name == name);
        sampled.map_or(1.0, Copied::scale)
    }

    /// Returns how long making it took.
    pub const fn duration(&self) -> Duration {
        self.duration
    }

    /// Refuses to go on with a copy that nobody holds any more: whoever looks for leftovers may drop it.
    pub(super) async fn check_held(&self) -> Result<(), CopyError> {
        let asked = self.holder.batch_execute("select 1").await;
        asked.map_err(|source| CopyError::Lost { name: self.name(), source })
    }

    /// Drops it, with the sessions in it.
    ///
    /// # Errors
    /// Says why it is still there; dropping the value tries once more.
    pub async fn remove(mut self) -> Result<(), CopyError> {
        owner::drop_copy(&self.holder, &self.name).await?;
        self.is_dropped = true;
        Ok(())
    }
}

impl Copied {
    /// Returns how many rows there are for each in the copy.
    pub fn scale(&self) -> f64 {
        let (rows, of) = (self.rows as f64, self.of as f64);
        if rows == 0.0 { 1.0 } else { (of / rows).max(1.0) }
    }
}

impl Method {
    const fn kind(&self) -> CopyKind {
        match self {
            Self::Clone { .. } => CopyKind::Clone,
            Self::Dump | Self::File(_) => CopyKind::Dump,
            Self::Sample(_) => CopyKind::Sample,
        }
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        if self.is_dropped {
            return;
        }
        let (server, name, session) =
            (self.address.clone(), self.name.clone(), self.session.clone());
        // A runtime of its own: the caller's may be the one this thread is running.
        let dropping = thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
            let work = async {
                let client = owner::maintenance(&server).await.ok()?;
                owner::end(&client, &session).await.ok()?;
                owner::drop_copy(&client, &name).await.ok()
            };
            runtime.block_on(async { tokio::time::timeout(DROP_DEADLINE, work).await.ok()? })
        });
        // What remains in spite of this is a leftover that the next copy removes.
        let _ = dropping.join();
    }
}

/// Drops the copies on a database's server whose owners are no more, and returns their names.
///
/// # Errors
/// Says why they could not be looked for, or not be dropped.
pub async fn clean(server: &Address) -> Result<Vec<String>, CopyError> {
    let client = owner::maintenance(server).await?;
    owner::drop_leftovers(&client).await
}

/// Returns the names of the copies on a database's server whose owners are no more.
///
/// # Errors
/// Says why they could not be looked for.
pub async fn leftovers(server: &Address) -> Result<Vec<String>, CopyError> {
    let client = owner::maintenance(server).await?;
    Ok(owner::leftovers(&client).await?.iter().map(ToString::to_string).collect())
}
