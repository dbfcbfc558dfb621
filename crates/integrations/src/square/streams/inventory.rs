//! Inventory counts: newest first, so nothing is settled before the last page is read.

use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use shelfops_ingest::Stream;
use shelfops_ingest::source::SourceBlock;

use super::progress::next_page;
use super::tally::Tally;
use crate::connector::{Connector as _, ConnectorError, JsonPage, PageReader};
use crate::square::Square;
use crate::square::client::{Asked, Call, Client, Reply};
use crate::square::map::{self, CountPart};
use crate::square::wire::{Envelope, InventoryCount};

/// The most counts of a page.
const PAGE_LIMIT: u16 = 1000;

/// How often everything is read again: what begins to be counted in the catalogue shows in no
/// change of a count.
const FULL_EVERY: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Where counts go on.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InventoryProgress {
    /// The newest count that was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    read_up_to: Option<Timestamp>,
    /// The newest count when everything was read last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    full_at: Option<Timestamp>,
    /// The list that is being read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scan: Option<Scan>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Scan {
    after: Option<Timestamp>,
    newest: Option<Timestamp>,
    page: Option<String>,
}

impl InventoryProgress {
    fn begin(&self, overlap: SignedDuration) -> Scan {
        let is_full_due = match (self.read_up_to, self.full_at) {
            (Some(read), Some(full)) => read.duration_since(full) >= FULL_EVERY,
            _ => true,
        };
        let after = self.read_up_to.filter(|_| !is_full_due);
        let after = after.and_then(|read| read.checked_sub(overlap).ok());
        Scan { after, newest: None, page: None }
    }

    fn end(&mut self, scan: &Scan) {
        self.scan = None;
        self.read_up_to = self.read_up_to.max(scan.newest);
        if scan.after.is_none() {
            self.full_at = self.read_up_to;
        }
    }
}

/// Reads counts as inventory levels.
pub(super) struct InventoryReader {
    client: Client,
    progress: InventoryProgress,
    tally: Tally,
    /// Whether the list at hand was begun by a run before: what changed since is behind it.
    is_resumed: bool,
    is_done: bool,
}

impl InventoryReader {
    pub(super) fn new(client: Client, progress: InventoryProgress) -> Self {
        let is_resumed = progress.scan.is_some();
        Self { client, progress, tally: Tally::default(), is_resumed, is_done: false }
    }

    async fn next(&mut self) -> Result<Option<SourceBlock>, ConnectorError> {
        if self.is_done {
            return Ok(None);
        }
        let overlap = self.client.overlap();
        let mut scan = match self.progress.scan.take() {
            Some(scan) => scan,
            None => {
                self.is_resumed = false;
                self.progress.begin(overlap)
            }
        };
        let what = format!("page {} of inventory", self.tally.page_number());
        let call = Call::new(what, Square.scopes(Stream::Inventory));
        let Reply { body, .. } = self.fetch(&call, &mut scan).await?;
        let shape = |reason| call.shape(reason);
        let envelope = Envelope::parse(&body).map_err(shape)?;
        let mut page = JsonPage::new();
        for json in envelope.list("counts").map_err(shape)? {
            page.begin_object(json.get());
            let count = map::parse::<InventoryCount>(json.get());
            if let Ok(count) = &count {
                scan.newest = scan.newest.max(map::instant(count.calculated_at.as_deref()));
            }
            match count.and_then(|count| map::level_of(&count)) {
                Ok(None) => {}
                Ok(Some(draft)) => page.push(CountPart, Ok(draft)),
                Err(malformed) => page.push(CountPart, Err(malformed)),
            }
        }
        let next = envelope.text("cursor").map_err(shape)?;
        scan.page = next_page(scan.page.as_deref(), next).map_err(shape)?;
        let is_at_end = scan.page.is_none();
        self.is_done = is_at_end && !self.is_resumed;
        if is_at_end {
            self.progress.end(&scan);
        } else {
            self.progress.scan = Some(scan);
        }
        Ok(Some(self.tally.block(page, body.len(), &self.progress)))
    }

    /// Fetches the page at hand; from the beginning when the vendor has forgotten it.
    async fn fetch(&self, call: &Call, scan: &mut Scan) -> Result<Reply, ConnectorError> {
        match self.request(call, scan).await {
            Err(ConnectorError::PageForgotten { .. }) if scan.page.is_some() => {
                scan.page = None;
                self.request(call, scan).await
            }
            reply => reply,
        }
    }

    async fn request(&self, call: &Call, scan: &Scan) -> Result<Reply, ConnectorError> {
        let most = self.client.connection().reading().page_size.min(PAGE_LIMIT);
        let ask = |limit| {
            let mut body = json!({ "states": ["IN_STOCK"], "limit": limit });
            if let Some(after) = scan.after {
                body["updated_after"] = json!(after);
            }
            if let Some(page) = &scan.page {
                body["cursor"] = json!(page);
            }
            Asked::Post("/v2/inventory/counts/batch-retrieve", body)
        };
        Ok(self.client.page(call, most, ask).await?.0)
    }
}

impl PageReader for InventoryReader {
    fn next_page(&mut self) -> BoxFuture<'_, Result<Option<SourceBlock>, ConnectorError>> {
        self.next().boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Option<Timestamp> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn reads_on_from_the_newest_count_and_everything_once_a_week() {
        let mut progress = InventoryProgress::default();
        let overlap = SignedDuration::from_hours(1);
        let scan = progress.begin(overlap);
        assert_eq!(scan.after, None);
        progress.end(&Scan { newest: at("2026-11-01T12:00:00Z"), ..scan });
        let scan = progress.begin(overlap);
        assert_eq!(scan.after, at("2026-11-01T11:00:00Z"));
        progress.end(&Scan { newest: at("2026-11-08T12:00:00Z"), ..scan });
        assert_eq!(progress.begin(overlap).after, None);
    }

    #[test]
    fn a_scan_without_counts_moves_nothing_back() {
        let read_up_to = at("2026-11-01T12:00:00Z");
        let mut progress = InventoryProgress { read_up_to, full_at: read_up_to, scan: None };
        let scan = progress.begin(SignedDuration::ZERO);
        progress.end(&scan);
        assert_eq!(progress.read_up_to, read_up_to);
    }
}
