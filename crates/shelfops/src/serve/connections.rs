//! Connections: accepted up to a number, closed when they are too slow, let finish when we stop.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many connections may be open at once; more wait to be accepted.
const MOST_CONNECTIONS: usize = 1024;

/// How long a client may take to say what it wants. Who dribbles must not hold a connection for ever.
const HEADER_PATIENCE: Duration = Duration::from_secs(15);

/// How long to wait when no connection can be had, mostly because there are too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Connections that are still open.
pub(super) struct Connections(GracefulShutdown);

impl Connections {
    /// Waits until running requests are answered; idle connections are closed at once.
    pub(super) async fn finish(self) {
        self.0.shutdown().await;
    }
}

/// Accepts connections until it is told to stop, and closes the listener then.
pub(super) async fn accept(
    listener: TcpListener,
    router: Router,
    until_stopped: impl Future<Output = ()>,
) -> Connections {
    let open = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let mut until_stopped = pin!(until_stopped);
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut until_stopped => break,
            accepted = next(&listener, &places) => accepted,
        };
        match accepted {
            Ok((stream, place)) => serve(stream, place, &router, &open),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    Connections(open)
}

async fn next(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let place = places.clone().acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    Ok((stream, place))
}

fn serve(stream: TcpStream, place: OwnedSemaphorePermit, router: &Router, open: &GracefulShutdown) {
    // Answers are small: they must not wait for the client's acknowledgement.
    let _ = stream.set_nodelay(true);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_PATIENCE)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router.clone()));
    let watched = open.watch(connection);
    tokio::spawn(async move {
        if let Err(error) = watched.await {
            // Clients that hang up in the middle are everyday's business.
            tracing::debug!(%error, "a connection broke");
        }
        drop(place);
    });
}
