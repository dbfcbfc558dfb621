//! The queue's connections: the library's own, but for how they are made. It knows two ways of TLS, chosen
//! when it is compiled; an address says which of five it wants.

use std::any::Any;
use std::time::Duration;

use deadpool_postgres::BuildError;
use futures::stream;
use graphile_worker::tokio_postgres::TokioPostgresDatabase;
use graphile_worker::{
    BoxFuture, DatabaseDriver, DbError, DbExecutor, DbParams, DbRow, DbTransaction, Notification,
    NotificationStream, escape_identifier,
};
use shelfops_connection::{Address, Tls};
use tokio::sync::mpsc;
use tokio::time::sleep;
use tokio_postgres::{AsyncMessage, Config};

use crate::database::pool_of;

/// How long to wait before listening again when the connection was lost, at first and at most. Workers
/// look by themselves meanwhile.
const REST: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));

/// How many announcements may wait to be read: each only says that there is something to look for.
const ANNOUNCEMENTS: usize = 1024;

/// Connections of the queue.
#[derive(Debug)]
pub(super) struct Connections {
    pool: TokioPostgresDatabase,
    listener: Listener,
}

/// How to listen.
#[derive(Clone)]
struct Listener {
    config: Config,
    tls: Tls,
}

impl std::fmt::Debug for Listener {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Listener").finish_non_exhaustive()
    }
}

impl Connections {
    /// Prepares connections that are made as an address says, but for what `config` changes.
    pub(super) fn open(config: Config, address: &Address, size: usize) -> Result<Self, BuildError> {
        let pool = TokioPostgresDatabase::new(pool_of(config.clone(), address, size)?);
        Ok(Self { pool, listener: Listener { config, tls: address.tls() } })
    }
}

impl DbExecutor for Connections {
    fn execute<'a>(
        &'a self,
        sql: &'a str,
        params: DbParams,
    ) -> BoxFuture<'a, Result<u64, DbError>> {
        self.pool.execute(sql, params)
    }

    fn fetch_all<'a>(
        &'a self,
        sql: &'a str,
        params: DbParams,
    ) -> BoxFuture<'a, Result<Vec<DbRow>, DbError>> {
        self.pool.fetch_all(sql, params)
    }
}

impl DatabaseDriver for Connections {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn begin<'a>(&'a self) -> BoxFuture<'a, Result<DbTransaction, DbError>> {
        self.pool.begin()
    }

    fn listen<'a>(
        &'a self,
        channel: &'a str,
    ) -> BoxFuture<'a, Result<Option<NotificationStream>, DbError>> {
        let sql = format!("listen {}", escape_identifier(channel));
        Box::pin(async move { Ok(Some(self.listener.clone().begin(sql).await?)) })
    }
}

impl Listener {
    /// Listens; when the connection is lost, again, until nobody wants to hear any more.
    async fn begin(self, sql: String) -> Result<NotificationStream, DbError> {
        let (announce, heard) = mpsc::channel(ANNOUNCEMENTS);
        let mut session = self.listen(&sql, announce.clone()).await?;
        tokio::spawn(async move {
            let mut rest = REST.0;
            loop {
                tokio::select! {
                    () = announce.closed() => return,
                    _ = &mut session.carrying => {}
                }
                session = loop {
                    tokio::select! {
                        () = announce.closed() => return,
                        () = sleep(rest) => {}
                    }
                    match self.listen(&sql, announce.clone()).await {
                        Ok(again) => break again,
                        Err(_) => rest = (rest * 2).min(REST.1),
                    }
                };
                rest = REST.0;
            }
        });
        let next = async |mut heard: mpsc::Receiver<_>| Some((Ok(heard.recv().await?), heard));
        Ok(Box::pin(stream::unfold(heard, next)))
    }

    async fn listen(
        &self,
        sql: &str,
        announce: mpsc::Sender<Notification>,
    ) -> Result<Session, tokio_postgres::Error> {
        let (client, mut connection) = self.config.connect(self.tls.clone()).await?;
        let carrying = tokio::spawn(async move {
            loop {
                match std::future::poll_fn(|context| connection.poll_message(context)).await {
                    Some(Ok(AsyncMessage::Notification(said))) => {
                        let notification = Notification {
                            channel: said.channel().to_owned(),
                            payload: said.payload().to_owned(),
                        };
                        if announce.send(notification).await.is_err() {
                            return;
                        }
                    }
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return,
                }
            }
        });
        client.batch_execute(sql).await?;
        Ok(Session { _client: client, carrying })
    }
}

/// A connection that listens. It ends with the client.
struct Session {
    _client: tokio_postgres::Client,
    carrying: tokio::task::JoinHandle<()>,
}
