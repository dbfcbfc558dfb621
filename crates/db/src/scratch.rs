//! A database beside ours, made to be thrown away: the schema as the program's migrations build it.

use deadpool_postgres::Object;

use crate::error::doing;
use crate::{Database, DbError};

/// What the names of such databases begin with. What stands behind is made of the name of ours.
const PREFIX: &str = "shelfops_scratch_";

/// Who makes such a database for ours holds this advisory lock there: "scratch" in ASCII, as a number.
const LOCK: i64 = 0x0073_6372_6174_6368;

/// How often a database is tried to be dropped: an extension's worker may just be coming in.
const DROP_ATTEMPTS: u32 = 20;

/// A database that is thrown away: by [`Scratch::close`], or by the next one that is made, where the
/// process was killed in between.
///
/// There is one at a time for each of our databases. The server lets go of the lock when the connection
/// ends, however that was, so a name that is there while the lock is held is a leftover.
pub struct Scratch {
    database: Database,
    name: String,
    /// Holds the lock; closed and not given back, whatever happens.
    lock: Option<Object>,
}

impl Scratch {
    /// Makes an empty database on the server of ours; waits while somebody else has one.
    ///
    /// # Errors
    /// Fails when the server does, or does not let the owner's login make databases.
    pub async fn open(beside: &Database) -> Result<Self, DbError> {
        let client = beside.owner_connection().await?;
        let action = doing("make a database to compare with");
        let mut scratch =
            Self { database: beside.clone(), name: String::new(), lock: Some(client) };
        let client = scratch.client();
        client.execute("select pg_advisory_lock($1)", &[&LOCK]).await.map_err(&action)?;
        let row = client
            .query_one("select left(md5(current_database()), 16)", &[])
            .await
            .map_err(&action)?;
        let name = format!("{PREFIX}{}", row.get::<_, String>(0));
        drop_database(client, &name).await?;
        // Nothing of what an administrator adds to new databases.
        let create = format!("create database {name} template template0");
        client.batch_execute(&create).await.map_err(|source| match source.code() {
            Some(code) if *code == tokio_postgres::error::SqlState::INSUFFICIENT_PRIVILEGE => {
                DbError::MayNotCreateDatabases
            }
            _ => action(source),
        })?;
        scratch.database = beside.sibling(&name)?;
        scratch.name = name;
        Ok(scratch)
    }

    /// Returns the database.
    pub const fn database(&self) -> &Database {
        &self.database
    }

    /// Drops the database.
    ///
    /// # Errors
    /// Fails when the server does; then the next one that is made drops it.
    pub async fn close(mut self) -> Result<(), DbError> {
        self.database.close();
        drop_database(self.client(), &self.name).await?;
        drop(self.lock.take().map(Object::take));
        Ok(())
    }

    fn client(&self) -> &Object {
        self.lock.as_ref().expect("the connection is taken only where the value ends")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if !self.name.is_empty() {
            self.database.close();
        }
        drop(self.lock.take().map(Object::take));
    }
}

/// Drops a database if it is there, with the sessions in it.
async fn drop_database(client: &Object, name: &str) -> Result<(), DbError> {
    let drop = format!("drop database if exists {name} with (force)");
    let mut attempt = 0;
    loop {
        attempt += 1;
        match client.batch_execute(&drop).await {
            Ok(()) => return Ok(()),
            Err(error)
                if attempt < DROP_ATTEMPTS
                    && error.code() == Some(&tokio_postgres::error::SqlState::OBJECT_IN_USE) =>
            {
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
            Err(error) => return Err(doing("drop the database that was compared with")(error)),
        }
    }
}
