//! A shop with a connection to a test's server, and a clock that the test tells.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use shelfops_ingest::Stream;
use shelfops_ingest::cursor::Cursor;
use shelfops_ingest::pipeline::{Judgement, judge};
use shelfops_ingest::records::{Draft, TransactionDraft, Withdrawn};
use shelfops_ingest::rules::{RuleContext, record_rules};
use shelfops_ingest::source::{Malformed, SourceError};
use shelfops_integrations::connector::{
    Connection, ConnectionSettings, Connector, ConnectorError, Disposition, OpenRequest, Reach,
    ReadingOptions, Span,
};
use shelfops_integrations::http::{Policy, Surroundings};
use shelfops_integrations::oauth::{App, MemoryTokenStore, TokenPair, TokenStore};
use shelfops_integrations::square::Square;

use super::server::{Answer, Seen, Server};

/// The present in tests, for us and, in its `Date`, for the vendor.
pub(crate) const NOW: &str = "2026-11-22T12:00:00Z";

/// A clock that stands still but for what is slept.
pub(crate) struct TestSurroundings {
    start: Timestamp,
    slept: Mutex<Vec<Duration>>,
}

impl TestSurroundings {
    fn new() -> Self {
        Self { start: NOW.parse().unwrap(), slept: Mutex::default() }
    }

    /// Lets time pass.
    pub(crate) fn advance(&self, time: Duration) {
        self.slept.lock().unwrap().push(time);
    }

    /// How long each sleep was.
    pub(crate) fn slept(&self) -> Vec<Duration> {
        self.slept.lock().unwrap().clone()
    }
}

impl Surroundings for TestSurroundings {
    fn now(&self) -> Timestamp {
        self.start + SignedDuration::try_from(self.elapsed()).unwrap()
    }

    fn elapsed(&self) -> Duration {
        self.slept.lock().unwrap().iter().sum()
    }

    fn fraction(&self) -> f64 {
        0.5
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'_, ()> {
        self.advance(time);
        tokio::task::yield_now().boxed()
    }
}

/// A shop at a test's server.
pub(crate) struct Shop {
    pub(crate) server: Server,
    pub(crate) surroundings: Arc<TestSurroundings>,
    pub(crate) tokens: Arc<dyn TokenStore>,
    pub(crate) connection: Arc<Connection>,
}

/// Everything that came out of a stream.
#[derive(Default)]
pub(crate) struct Read {
    pub(crate) drafts: Vec<Result<Draft, Malformed>>,
    pub(crate) raw: Vec<Value>,
    /// What was taken back.
    pub(crate) withdrawn: Vec<Withdrawn>,
    /// The cursor of each block, with the number of records up to it.
    pub(crate) cursors: Vec<(usize, Cursor)>,
    pub(crate) error: Option<SourceError>,
}

impl Shop {
    pub(crate) async fn open(handler: impl FnMut(&Seen) -> Answer + Send + 'static) -> Self {
        Self::open_with(Policy::default(), ReadingOptions::default(), tokens(30), handler).await
    }

    pub(crate) async fn open_with(
        policy: Policy,
        reading: ReadingOptions,
        tokens: TokenPair,
        handler: impl FnMut(&Seen) -> Answer + Send + 'static,
    ) -> Self {
        let server = Server::start(handler).await;
        let surroundings = Arc::new(TestSurroundings::new());
        let tokens: Arc<dyn TokenStore> = Arc::new(MemoryTokenStore::new(tokens));
        let settings = ConnectionSettings { app: app(&server.url), policy, reading };
        let connection =
            Connection::new(&Square, settings, tokens.clone(), surroundings.clone()).unwrap();
        Self { server, surroundings, tokens, connection: Arc::new(connection) }
    }

    /// Turns it into one whose vendor is elsewhere.
    pub(crate) fn at(mut self, url: &str, policy: Policy, tokens: TokenPair) -> Self {
        self.tokens = Arc::new(MemoryTokenStore::new(tokens));
        let settings =
            ConnectionSettings { app: app(url), policy, reading: ReadingOptions::default() };
        let (store, surroundings) = (self.tokens.clone(), self.surroundings.clone());
        let connection = Connection::new(&Square, settings, store, surroundings);
        self.connection = Arc::new(connection.unwrap());
        self
    }

    /// Turns it into one whose application has no secret: refresh tokens work once.
    pub(crate) fn has_no_secret(&mut self) {
        let app = App { client_secret: None, ..app(&self.server.url) };
        let reading = ReadingOptions::default();
        let settings = ConnectionSettings { app, policy: Policy::default(), reading };
        let (store, surroundings) = (self.tokens.clone(), self.surroundings.clone());
        let connection = Connection::new(&Square, settings, store, surroundings);
        self.connection = Arc::new(connection.unwrap());
    }

    /// Reads a stream from its beginning.
    pub(crate) async fn read(&self, stream: Stream) -> Read {
        self.read_from(stream, None).await
    }

    pub(crate) async fn read_from(&self, stream: Stream, cursor: Option<Cursor>) -> Read {
        self.read_request(OpenRequest { stream, cursor, span: None, reach: Reach::Whole }).await
    }

    pub(crate) async fn read_span(&self, from: &str, until: &str, cursor: Option<Cursor>) -> Read {
        let span = Some(Span { from: from.parse().unwrap(), until: until.parse().unwrap() });
        self.read_request(OpenRequest {
            stream: Stream::Transactions,
            cursor,
            span,
            reach: Reach::Whole,
        })
        .await
    }

    pub(crate) async fn read_request(&self, request: OpenRequest) -> Read {
        let mut source = Square.open(self.connection.clone(), request).unwrap();
        let mut read = Read::default();
        loop {
            match source.next_block().await {
                Ok(None) => return read,
                Ok(Some(block)) => {
                    for index in 0..block.drafts.len() {
                        read.raw.push(block.raw.raw(index));
                    }
                    read.drafts.extend(block.drafts);
                    read.withdrawn.extend(block.withdrawn);
                    read.cursors.push((read.drafts.len(), block.cursor));
                }
                Err(error) => {
                    read.error = Some(error);
                    return read;
                }
            }
        }
    }
}

impl Read {
    /// The records, which must all be well-formed lines.
    pub(crate) fn lines(&self) -> Vec<&TransactionDraft> {
        let line = |draft| match draft {
            &Ok(Draft::Transaction(ref line)) => &**line,
            other => panic!("no line: {other:?}"),
        };
        self.drafts.iter().map(line).collect()
    }

    /// The ids of the lines.
    pub(crate) fn ids(&self) -> Vec<String> {
        self.lines().iter().map(|line| line.external_id.value().unwrap().to_string()).collect()
    }

    /// The ids of what was taken back.
    pub(crate) fn withdrawn_ids(&self) -> Vec<&str> {
        self.withdrawn.iter().map(|withdrawn| &*withdrawn.external_id).collect()
    }

    /// What the rules say of each record: its rule when refused, else nothing.
    pub(crate) fn refused(&self) -> Vec<(&'static str, String)> {
        let context = RuleContext { now: NOW.parse().unwrap() };
        let stream = Stream::Transactions;
        let judged = self
            .drafts
            .iter()
            .map(|draft| judge(draft.clone(), &record_rules(stream), &context).judgement);
        judged
            .filter_map(|judgement| match judgement {
                Judgement::Accepted(_) => None,
                Judgement::Rejected { rule, reason } => Some((rule, reason.to_string())),
            })
            .collect()
    }

    pub(crate) fn cursor(&self) -> Cursor {
        self.cursors.last().unwrap().1.clone()
    }

    /// The state of the last cursor.
    pub(crate) fn state(&self) -> Value {
        self.cursor().state().clone()
    }

    /// What went wrong, with everything behind it, and what to do.
    pub(crate) fn failure(&self) -> (String, Disposition) {
        let error = self.error.as_ref().expect("reading failed");
        let disposition = ConnectorError::behind(error).unwrap().disposition();
        (crate::file::support::chain(error), disposition)
    }
}

pub(crate) fn app(url: &str) -> App {
    App {
        client_id: "sq0idp-test".to_owned(),
        client_secret: Some("app-secret".into()),
        redirect_uri: "https://shelfops.example/connected".to_owned(),
        base_url: Some(url.to_owned()),
    }
}

/// A pair that was obtained now and lives that many days.
pub(crate) fn tokens(days: i64) -> TokenPair {
    let now: Timestamp = NOW.parse().unwrap();
    TokenPair {
        access: "access-1".into(),
        refresh: Some("refresh-1".into()),
        obtained_at: now,
        access_expires_at: Some(now + SignedDuration::from_hours(24 * days)),
        refresh_expires_at: None,
        granted_by: Some("MLMERCHANT001".to_owned()),
    }
}
