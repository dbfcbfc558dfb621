//! Receives webhooks, answers as it is told, and keeps what came.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use serde_json::Value;
use shelfops_simulators::square::{SquareConfig, SubscriptionConfig, sign};
use tokio::net::TcpListener;

/// What every subscription of these tests signs with.
pub(crate) const KEY: &str = "asdf1234";

/// A webhook that came.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Bytes,
    pub(crate) body: Value,
}

#[derive(Debug, Default)]
struct Inbox {
    received: Vec<Received>,
    /// What to answer next; 200 when there is nothing.
    answers: VecDeque<u16>,
}

/// A receiver of webhooks.
pub(crate) struct Receiver {
    pub(crate) url: String,
    inbox: Arc<Mutex<Inbox>>,
}

impl Receiver {
    pub(crate) async fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hooks?of=tests", listener.local_addr().unwrap());
        let inbox = Arc::new(Mutex::new(Inbox::default()));
        let router = Router::new().fallback(receive).with_state(Arc::clone(&inbox));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, inbox }
    }

    /// Subscribes to all events of some types, one webhook at a time.
    pub(crate) fn subscribe(&self, config: SquareConfig, event_types: &[&str]) -> SquareConfig {
        let subscription = SubscriptionConfig {
            client_id: config.applications[0].client_id.clone(),
            notification_url: self.url.clone(),
            signature_key: KEY.to_owned(),
            event_types: event_types.iter().map(|name| (*name).to_owned()).collect(),
        };
        SquareConfig { subscriptions: vec![subscription], webhook_concurrency: 1, ..config }
    }

    pub(crate) fn answer_next(&self, statuses: &[u16]) {
        self.inbox.lock().unwrap().answers.extend(statuses);
    }

    pub(crate) fn take(&self) -> Vec<Received> {
        std::mem::take(&mut self.inbox.lock().unwrap().received)
    }
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub(crate) fn text(&self, name: &str) -> &str {
        self.body[name].as_str().unwrap_or_default()
    }

    pub(crate) fn is_signed_for(&self, url: &str) -> bool {
        self.header("x-square-hmacsha256-signature") == Some(&sign(KEY, url, &self.bytes))
    }
}

async fn receive(
    State(inbox): State<Arc<Mutex<Inbox>>>,
    headers: HeaderMap,
    bytes: Bytes,
) -> StatusCode {
    let body = serde_json::from_slice(&bytes).unwrap_or_default();
    let mut inbox = inbox.lock().unwrap();
    inbox.received.push(Received { headers, bytes, body });
    let status = inbox.answers.pop_front().unwrap_or(200);
    StatusCode::from_u16(status).unwrap()
}
