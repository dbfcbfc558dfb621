//! What can go wrong between us and the database, and what to do about it.

use tokio_postgres::error::SqlState;

/// Why something was not done in the database.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The server does not answer.
    #[error(
        "cannot reach the database at {address}; is it running? `shelfops doctor` looks closer"
    )]
    Unreachable {
        /// Where it was looked for; never with a password.
        address: String,
        /// What the connection said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The server answers, but others of this process use all connections.
    #[error(
        "all {limit} connections to the database at {address} were in use for {seconds} s; try again \
         later, or do less at once: `shelfops sync list` shows what runs"
    )]
    Crowded {
        /// Where the database is.
        address: String,
        /// How many connections there may be.
        limit: usize,
        /// How long one was waited for.
        seconds: u64,
    },
    /// A connection string that cannot be read.
    #[error("the database address is not usable: {0}")]
    BadAddress(String),
    /// The schema is not there, or older than this program.
    #[error("the database has no ShelfOps schema; run `shelfops migrate up`")]
    NotMigrated,
    /// A statement failed.
    #[error("could not {action}: {}", describe(source))]
    Statement {
        /// What was being done, as words that follow "could not".
        action: &'static str,
        /// What the server said.
        source: tokio_postgres::Error,
    },
    /// The job queue could not be used.
    #[error("could not {action}: {reason}")]
    Queue {
        /// What was being done, as words that follow "could not".
        action: &'static str,
        /// What the queue said.
        reason: String,
    },
    /// A slug that names no tenant.
    #[error("there is no tenant '{slug}'; `shelfops tenant list` shows them all{}", guess(similar))]
    UnknownTenant {
        /// What was asked for.
        slug: String,
        /// A tenant with nearly that name.
        similar: Option<String>,
    },
    /// A slug that is taken.
    #[error("there is a tenant '{0}' already")]
    TenantExists(String),
    /// A name that a key in use has.
    #[error(
        "there is a key '{0}' already; give the new one another name, or revoke that one first"
    )]
    ApiKeyExists(String),
    /// A slug that the rules for slugs refuse.
    #[error(
        "'{0}' cannot name a tenant: use 1 to 63 lower-case letters, digits and '-', a letter first"
    )]
    BadSlug(String),
    /// A time zone that this program or the server does not know: one of them would read local times
    /// otherwise than the other.
    #[error(
        "the time zone '{0}' is not known to both this machine and PostgreSQL; name another, or bring \
         the time zone database (tzdata) of both up to date"
    )]
    UnknownTimeZone(String),
    /// Another process reads the same thing into the same place.
    #[error(
        "{0} is being imported by another process; wait for it, or look at `shelfops sync list`"
    )]
    Busy(String),
    /// A source that is connected already.
    #[error(
        "the source '{0}' is connected already; `shelfops integration list` shows how it stands, and \
         --source names another"
    )]
    IntegrationExists(String),
    /// A secret that cannot be sealed or opened.
    #[error(transparent)]
    Secret(crate::secrets::SecretError),
    /// The owner's login may make no databases.
    #[error(
        "the owner's login may not create databases, and one is needed for a moment: `alter role … \
         createdb` lets it, or compare with a snapshot by --against"
    )]
    MayNotCreateDatabases,
    /// A plan that nobody approved yet.
    #[error("{0}")]
    PlanNotApproved(String),
    /// A plan that cannot be decided about or applied as it is.
    #[error("{0}")]
    PlanConflict(String),
    /// A plan that the server refused in the middle.
    #[error(
        "plan {plan_id} failed at step {position}: {reason}; `shelfops plan show {plan_id}` says which \
         steps are done"
    )]
    PlanFailed {
        /// The plan.
        plan_id: i64,
        /// Its step; zero where it is not known.
        position: i32,
        /// What the server said.
        reason: String,
    },
    /// A record that is not there.
    #[error("{0}")]
    NotFound(String),
}

impl DbError {
    /// Whether the same call may succeed later without anything being changed.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Crowded { .. } | Self::Busy(_) => true,
            Self::Statement { source, .. } => is_transient(source),
            _ => false,
        }
    }
}

fn guess(similar: &Option<String>) -> String {
    similar.as_ref().map(|name| format!(" (did you mean '{name}'?)")).unwrap_or_default()
}

impl DbError {
    /// Whether only another writer was in the way: a lock was not had in time, or two waited for each
    /// other and this one was given up.
    pub fn is_conflict(&self) -> bool {
        let Self::Statement { source, .. } = self else { return false };
        let conflicts = [
            SqlState::T_R_DEADLOCK_DETECTED,
            SqlState::T_R_SERIALIZATION_FAILURE,
            SqlState::LOCK_NOT_AVAILABLE,
        ];
        source.code().is_some_and(|code| conflicts.contains(code))
    }
}

/// Marks what a statement was for, when it fails.
pub(crate) fn doing(action: &'static str) -> impl Fn(tokio_postgres::Error) -> DbError {
    move |source| DbError::Statement { action, source }
}

/// Whether a connection was lost, a lock not had, or the server is on its way up or down.
pub(crate) fn is_transient(error: &tokio_postgres::Error) -> bool {
    let Some(code) = error.code() else { return error.is_closed() };
    let class = code.code().get(..2).unwrap_or_default();
    // 08 connection, 53 resources (but not a full disk), 57P operator, 40 rollback, 55P03 lock.
    matches!(class, "08" | "40")
        || matches!(
            *code,
            SqlState::ADMIN_SHUTDOWN
                | SqlState::CRASH_SHUTDOWN
                | SqlState::CANNOT_CONNECT_NOW
                | SqlState::LOCK_NOT_AVAILABLE
                | SqlState::TOO_MANY_CONNECTIONS
        )
}

/// Says in one line what the server said, with its advice, and what to do where we know better.
pub fn describe(error: &tokio_postgres::Error) -> String {
    if error.is_closed() {
        return "the connection to the database was lost".to_owned();
    }
    let Some(said) = error.as_db_error() else {
        return match std::error::Error::source(error) {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        };
    };
    let mut text = said.message().to_owned();
    for addition in [said.detail(), said.hint()].into_iter().flatten() {
        text.push_str("; ");
        text.push_str(addition);
    }
    match *said.code() {
        SqlState::DISK_FULL => text.push_str(
            "; the database's disk is full: nothing of this batch was written, free room and run \
             the same command again",
        ),
        SqlState::ADMIN_SHUTDOWN | SqlState::CRASH_SHUTDOWN | SqlState::CANNOT_CONNECT_NOW => {
            text.push_str("; the database is stopping or starting: run the same command again");
        }
        SqlState::UNIQUE_VIOLATION if said.constraint() == Some("external_ids_pkey") => {
            text.push_str(
                "; another process created the same stores, products or suppliers at this moment: \
                 run the same command again",
            );
        }
        _ => {}
    }
    text
}
