//! Requests to a process of this machine, over a connection that is kept.

use std::io::ErrorKind;

use anyhow::{Context as _, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A connection that is kept.
pub(crate) struct Connection {
    address: String,
    stream: TcpStream,
    read: Vec<u8>,
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Connection {
    /// Connects.
    pub(crate) async fn open(address: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { address: address.to_owned(), stream, read: Vec::new() })
    }

    /// Whether the other side is still there, as far as is known: servers close what is idle for long.
    pub(crate) fn is_open(&self) -> bool {
        let nothing_read = self.stream.try_read(&mut [0]);
        nothing_read.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    }

    /// Sends a request and reads its answer.
    pub(crate) async fn send(
        &mut self,
        request: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> anyhow::Result<Answer> {
        let mut sent = format!("{request} HTTP/1.1\r\nhost: {}\r\n", self.address);
        for (name, value) in headers {
            sent.push_str(&format!("{name}: {value}\r\n"));
        }
        sent.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
        let mut sent = sent.into_bytes();
        sent.extend_from_slice(body);
        self.stream.write_all(&sent).await?;
        self.answer().await
    }

    async fn answer(&mut self) -> anyhow::Result<Answer> {
        let end = loop {
            if let Some(end) = self.read.windows(4).position(|part| part == b"\r\n\r\n") {
                break end + 4;
            }
            self.more().await?;
        };
        let head = String::from_utf8_lossy(&self.read[..end]).into_owned();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.context("an answer without a status")?;
        let length = find(&head, "content-length").map_or(Ok(0), str::parse::<usize>)?;
        while self.read.len() < end + length {
            self.more().await?;
        }
        let body = self.read[end..end + length].to_vec();
        self.read.drain(..end + length);
        Ok(Answer { status, head, body })
    }

    async fn more(&mut self) -> anyhow::Result<()> {
        if self.stream.read_buf(&mut self.read).await? == 0 {
            bail!("{} hung up", self.address);
        }
        Ok(())
    }
}

impl Answer {
    /// Returns a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        find(&self.head, name)
    }
}

fn find<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (known, value) = line.split_once(':')?;
        known.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}
