//! The connector alone: reads a merchant's sales from the vendor, and writes them nowhere.

use std::sync::Arc;

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use shelfops_ingest::Stream;
use shelfops_integrations::connector::{
    Connection, ConnectionSettings, Connector as _, OpenRequest, Reach, ReadingOptions,
};
use shelfops_integrations::http::{Policy, RatePolicy, SystemSurroundings};
use shelfops_integrations::oauth::{App, MemoryTokenStore, TokenPair};
use shelfops_integrations::square::Square;
use tokio::time::Instant;

use super::Vendor;

/// How a merchant is read.
#[derive(Clone, Copy)]
pub(crate) struct Pace {
    /// How fast to ask.
    pub(crate) rate: RatePolicy,
    /// How many orders to ask for at once.
    pub(crate) page_size: u16,
    /// After how many pages to stop, if not at the end.
    pub(crate) most_pages: Option<usize>,
}

/// What was read.
pub(crate) struct Read {
    pub(crate) lines: u64,
    pub(crate) seconds: f64,
}

/// A rate that does not move.
pub(crate) fn fixed(calls_per_second: f64) -> RatePolicy {
    RatePolicy {
        first: calls_per_second,
        least: calls_per_second,
        most: calls_per_second,
        ..RatePolicy::default()
    }
}

/// Reads a merchant's sales.
pub(crate) async fn read(vendor: &Vendor, merchant_id: &str, pace: Pace) -> anyhow::Result<Read> {
    let connection = Arc::new(connect(vendor, merchant_id, pace).await?);
    let request =
        OpenRequest { stream: Stream::Transactions, cursor: None, span: None, reach: Reach::Whole };
    let started = Instant::now();
    let mut source = Square.open(connection, request)?;
    let (mut lines, mut pages) = (0, 0);
    while let Some(block) = source.next_block().await.context("reading from the vendor")? {
        lines += block.drafts.iter().filter(|draft| draft.is_ok()).count() as u64;
        pages += 1;
        if pace.most_pages.is_some_and(|most| pages >= most) {
            break;
        }
    }
    Ok(Read { lines, seconds: started.elapsed().as_secs_f64() })
}

async fn connect(vendor: &Vendor, merchant_id: &str, pace: Pace) -> anyhow::Result<Connection> {
    let granted = vendor.grant(merchant_id).await?;
    let (client_id, client_secret) = vendor.application();
    let now = Timestamp::now();
    let tokens = TokenPair {
        access: granted.access_token.into(),
        refresh: Some(granted.refresh_token.into()),
        obtained_at: now,
        access_expires_at: Some(now + SignedDuration::from_hours(24 * 30)),
        refresh_expires_at: None,
        granted_by: Some(merchant_id.to_owned()),
    };
    let settings = ConnectionSettings {
        app: App {
            client_id: client_id.to_owned(),
            client_secret: Some(client_secret.into()),
            redirect_uri: "http://localhost/callback".to_owned(),
            base_url: Some(vendor.url()),
        },
        policy: Policy { rate: pace.rate, ..Policy::default() },
        reading: ReadingOptions {
            page_size: pace.page_size,
            window: SignedDuration::from_hours(7 * 24),
            ..ReadingOptions::default()
        },
    };
    let tokens = Arc::new(MemoryTokenStore::new(tokens));
    Ok(Connection::new(&Square, settings, tokens, Arc::new(SystemSurroundings::default()))?)
}
