//! Vendors: a list in pages, read anew each time; nothing tells what has changed.

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::json;
use shelfops_ingest::Stream;
use shelfops_ingest::source::SourceBlock;

use super::progress::{ListProgress, next_page};
use super::tally::Tally;
use crate::connector::{Connector as _, ConnectorError, JsonPage, PageReader};
use crate::square::Square;
use crate::square::client::{Call, Client, Reply};
use crate::square::map::{self, SupplierPart};
use crate::square::wire::{Envelope, Vendor};

/// Reads vendors as suppliers.
pub(super) struct SupplierReader {
    client: Client,
    progress: ListProgress,
    tally: Tally,
    /// Whether the list at hand was begun by a run before: what changed on its first pages is not known.
    is_resumed: bool,
    is_done: bool,
}

impl SupplierReader {
    pub(super) fn new(client: Client, progress: ListProgress) -> Self {
        let is_resumed = progress.page.is_some();
        Self { client, progress, tally: Tally::default(), is_resumed, is_done: false }
    }

    async fn next(&mut self) -> Result<Option<SourceBlock>, ConnectorError> {
        if self.is_done {
            return Ok(None);
        }
        let what = format!("page {} of suppliers", self.tally.page_number());
        let call = Call::new(what, Square.scopes(Stream::Suppliers));
        let Reply { body, .. } = self.fetch(&call).await?;
        let shape = |reason| call.shape(reason);
        let envelope = Envelope::parse(&body).map_err(shape)?;
        let mut page = JsonPage::new();
        for json in envelope.list("vendors").map_err(shape)? {
            page.begin_object(json.get());
            let supplier = map::parse::<Vendor>(json.get()).map(|told| map::supplier_of(&told));
            page.push(SupplierPart, supplier);
        }
        let next = envelope.text("cursor").map_err(shape)?;
        self.progress.page = next_page(self.progress.page.as_deref(), next).map_err(shape)?;
        let is_at_end = self.progress.page.is_none();
        self.is_done = is_at_end && !self.is_resumed;
        self.is_resumed &= !is_at_end;
        Ok(Some(self.tally.block(page, body.len(), &self.progress)))
    }

    /// Fetches the page at hand; from the beginning when the vendor has forgotten it.
    async fn fetch(&mut self, call: &Call) -> Result<Reply, ConnectorError> {
        match self.request(call).await {
            Err(ConnectorError::PageForgotten { .. }) if self.progress.page.is_some() => {
                self.progress.page = None;
                self.request(call).await
            }
            reply => reply,
        }
    }

    async fn request(&self, call: &Call) -> Result<Reply, ConnectorError> {
        let mut body = json!({ "filter": { "status": ["ACTIVE", "INACTIVE"] } });
        if let Some(page) = &self.progress.page {
            body["cursor"] = json!(page);
        }
        self.client.post(call, "/v2/vendors/search", &body).await
    }
}

impl PageReader for SupplierReader {
    fn next_page(&mut self) -> BoxFuture<'_, Result<Option<SourceBlock>, ConnectorError>> {
        self.next().boxed()
    }
}
