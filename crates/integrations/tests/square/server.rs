//! A server that answers what a test tells it to, down to the byte.

use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// Path and query.
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    /// The body as JSON; null when it is none.
    pub(crate) body: Value,
}

impl Seen {
    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| value.as_str())
    }

    /// A parameter of the query, decoded.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        let url = parameters(&self.target);
        url.into_iter().find(|(other, _)| other == name).map(|(_, value)| value)
    }
}

/// What to answer.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// Status, headers, body.
    Whole(u16, Vec<(&'static str, String)>, String),
    /// Announces more than it sends, then hangs up.
    Cut(String),
    /// Hangs up without a word.
    HangUp,
    /// Announces more than it sends, then says no more.
    Silent(String),
    /// Announces no length, and goes on until nobody listens.
    Endless,
    /// Announces much, and sends it byte by byte.
    Trickle,
}

pub(crate) fn json(body: Value) -> Answer {
    Answer::Whole(200, Vec::new(), body.to_string())
}

pub(crate) fn status(status: u16, body: Value) -> Answer {
    Answer::Whole(status, Vec::new(), body.to_string())
}

type Handler = Box<dyn FnMut(&Seen) -> Answer + Send>;

/// The server; it ends with the test.
pub(crate) struct Server {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    accepting: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Server {
    pub(crate) async fn start(handler: impl FnMut(&Seen) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let handler: Arc<Mutex<Handler>> = Arc::new(Mutex::new(Box::new(handler)));
        let log = seen.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, handler.clone(), log.clone()));
            }
        });
        Self { url, seen, accepting }
    }

    /// What was asked so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Returns the searches for orders, without those for the first one.
    pub(crate) fn searches(&self) -> Vec<Seen> {
        let mut seen = self.seen_at("/v2/orders/search");
        seen.retain(|seen| !super::fixtures::is_for_first(seen));
        seen
    }

    /// What was asked of one path.
    pub(crate) fn seen_at(&self, path: &str) -> Vec<Seen> {
        self.seen().into_iter().filter(|seen| seen.path() == path).collect()
    }
}

async fn serve(mut stream: TcpStream, handler: Arc<Mutex<Handler>>, log: Arc<Mutex<Vec<Seen>>>) {
    let Some(seen) = receive(&mut stream).await else { return };
    log.lock().unwrap().push(seen.clone());
    let answer = (handler.lock().unwrap())(&seen);
    let bytes = match answer {
        Answer::Whole(status, headers, body) => {
            let mut head = format!(
                "HTTP/1.1 {status} x\r\ncontent-length: {}\r\nconnection: close\r\n",
                body.len()
            );
            for (name, value) in headers {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
            format!("{head}\r\n{body}")
        }
        Answer::Cut(body) => {
            format!("HTTP/1.1 200 x\r\ncontent-length: {}\r\n\r\n{body}", body.len() + 100)
        }
        Answer::HangUp => String::new(),
        Answer::Silent(body) if body.is_empty() => return until_left(stream).await,
        Answer::Silent(body) => {
            let head = format!("HTTP/1.1 200 x\r\ncontent-length: {}\r\n\r\n", body.len() + 100);
            let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
            return until_left(stream).await;
        }
        Answer::Endless => {
            return pour(stream, "transfer-encoding: chunked", "8\r\n        \r\n").await;
        }
        Answer::Trickle => return pour(stream, "content-length: 10000", " ").await,
    };
    let _ = stream.write_all(bytes.as_bytes()).await;
    let _ = stream.shutdown().await;
}

/// Says nothing until the other side hangs up.
async fn until_left(mut stream: TcpStream) {
    while let Ok(1..) = stream.read(&mut [0; 64]).await {}
}

/// Begins an answer and sends the same again and again until the other side hangs up.
async fn pour(mut stream: TcpStream, length: &str, piece: &str) {
    let head = format!("HTTP/1.1 200 x\r\n{length}\r\n\r\n");
    if stream.write_all(head.as_bytes()).await.is_err() {
        return;
    }
    let mut beat = tokio::time::interval(std::time::Duration::from_millis(2));
    while stream.write_all(piece.as_bytes()).await.is_ok() {
        beat.tick().await;
    }
}

/// Reads one request.
async fn receive(stream: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).unwrap();
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ');
    let target = first.nth(1)?.to_owned();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length: usize = length.map_or(0, |(_, length)| length.parse().unwrap());
    while bytes.len() < head_end + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    let body = serde_json::from_slice(&bytes[head_end..]).unwrap_or_default();
    Some(Seen { target, headers, body })
}

fn parameters(target: &str) -> Vec<(String, String)> {
    let query = target.split_once('?').map(|(_, query)| query).unwrap_or_default();
    query.split('&').filter_map(|part| part.split_once('=')).map(decoded).collect()
}

fn decoded((name, value): (&str, &str)) -> (String, String) {
    let mut bytes = Vec::new();
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let code: String = rest.by_ref().take(2).map(char::from).collect();
            bytes.push(u8::from_str_radix(&code, 16).unwrap());
        } else {
            bytes.push(if byte == b'+' { b' ' } else { byte });
        }
    }
    (name.to_owned(), String::from_utf8(bytes).unwrap())
}
