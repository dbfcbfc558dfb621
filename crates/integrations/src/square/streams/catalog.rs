//! The catalogue: what has changed since the vendor's own time of the last reading.

use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use shelfops_ingest::Stream;
use shelfops_ingest::source::SourceBlock;

use super::catalog_names::{CatalogNames, category_id};
use super::progress::next_page;
use super::tally::Tally;
use crate::connector::{Connector as _, ConnectorError, JsonPage, PageReader};
use crate::square::Square;
use crate::square::client::{Asked, Call, Client, Reply};
use crate::square::map::{self, ProductPart, STAND_INS};
use crate::square::wire::{CatalogObject, Envelope};

/// The most objects of a page.
const PAGE_LIMIT: u16 = 1000;

/// The vendor leaves out what changed at the very time that is asked for.
const EXCLUSIVE: SignedDuration = SignedDuration::from_millis(1);

/// How often everything is read again: that a category or a unit is called otherwise shows in no change
/// of what is sold under it.
const FULL_EVERY: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Where the catalogue goes on.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CatalogProgress {
    /// The vendor's time of the last complete reading.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    read_up_to: Option<Timestamp>,
    /// The vendor's time when everything was read last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    full_at: Option<Timestamp>,
    /// The list that is being read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scan: Option<Scan>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Scan {
    begin: Option<Timestamp>,
    /// The vendor's time when it began.
    latest: Option<Timestamp>,
    page: Option<String>,
}

impl CatalogProgress {
    fn begin(&self, overlap: SignedDuration) -> Scan {
        let is_full_due = match (self.read_up_to, self.full_at) {
            (Some(read), Some(full)) => read.duration_since(full) >= FULL_EVERY,
            _ => true,
        };
        let begin = self.read_up_to.filter(|_| !is_full_due);
        let begin = begin.and_then(|read| read.checked_sub(overlap).ok());
        Scan { begin, latest: None, page: None }
    }

    fn end(&mut self, scan: &Scan) {
        self.read_up_to = self.read_up_to.max(scan.latest);
        if scan.begin.is_none() {
            self.full_at = self.read_up_to;
        }
    }
}

/// Reads variations as products.
pub(super) struct ProductReader {
    client: Client,
    progress: CatalogProgress,
    names: CatalogNames,
    tally: Tally,
    /// Whether the list at hand was begun by a run before: what changed since is behind it.
    is_resumed: bool,
    is_done: bool,
}

impl ProductReader {
    pub(super) fn new(client: Client, progress: CatalogProgress) -> Self {
        let is_resumed = progress.scan.is_some();
        let names = CatalogNames::default();
        Self { client, progress, names, tally: Tally::default(), is_resumed, is_done: false }
    }

    async fn next(&mut self) -> Result<Option<SourceBlock>, ConnectorError> {
        if self.is_done {
            return Ok(None);
        }
        let mut scan = match self.progress.scan.take() {
            Some(scan) => scan,
            None => {
                self.is_resumed = false;
                self.progress.begin(self.client.overlap().max(EXCLUSIVE))
            }
        };
        let what = format!("page {} of products", self.tally.page_number());
        let call = Call::new(what, Square.scopes(Stream::Products));
        let Reply { body, .. } = self.fetch(&call, &mut scan).await?;
        let shape = |reason| call.shape(reason);
        let envelope = Envelope::parse(&body).map_err(shape)?;
        let mut page = JsonPage::new();
        if scan.begin.is_none() && scan.page.is_none() {
            push_stand_ins(&mut page);
        }
        let objects = envelope.list("objects").map_err(shape)?;
        self.push_objects(&call, &objects, &mut page).await?;
        let latest = envelope.text("latest_time").map_err(shape)?;
        // That of the first page: what changes while the others are read is read again.
        scan.latest = scan.latest.or_else(|| map::instant(latest.as_deref()));
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

    /// Adds the variations of a page's objects.
    async fn push_objects(
        &mut self,
        call: &Call,
        objects: &[&RawValue],
        page: &mut JsonPage<ProductPart>,
    ) -> Result<(), ConnectorError> {
        let known = Nested::of(objects);
        let call = Call::new(format!("what {} refers to", call.what), call.scopes);
        self.names.make_room();
        let items = self.names.learn(&self.client, &call, known.wanted(objects)).await?;
        let of_items = items.values().filter_map(|text| {
            let item = map::parse::<CatalogObject<'_>>(text).ok()?.item_data?;
            category_id(&item).map(str::to_owned)
        });
        self.names.learn(&self.client, &call, of_items.collect()).await?;
        for json in objects {
            page.begin_object(json.get());
            match map::parse::<CatalogObject<'_>>(json.get()) {
                Err(malformed) => page.push(ProductPart::Whole, Err(malformed)),
                // What was deleted was sold before: it stays as it is known.
                Ok(object) if object.is_deleted == Some(true) => {}
                Ok(object) => match object.kind.as_deref() {
                    Some("ITEM") => self.push_item(&object, page),
                    Some("ITEM_VARIATION") => {
                        let id = object.id.as_deref().unwrap_or_default();
                        if !known.variations.contains(id) {
                            self.push_alone(&object, &items, page);
                        }
                    }
                    _ => {
                        let reason = "its type is neither ITEM nor ITEM_VARIATION".to_owned();
                        let malformed = shelfops_ingest::source::Malformed { reason };
                        page.push(ProductPart::Whole, Err(malformed));
                    }
                },
            }
        }
        Ok(())
    }

    fn push_item(&self, object: &CatalogObject<'_>, page: &mut JsonPage<ProductPart>) {
        let Some(item) = &object.item_data else {
            return page.push(ProductPart::Whole, Err(map::without_data()));
        };
        let item_and_time = Some((item, object.updated_at.as_deref()));
        for (index, json) in item.variations.iter().flatten().enumerate() {
            let variation = map::parse::<CatalogObject<'_>>(json.get());
            let told = variation.as_ref().ok();
            if told.is_some_and(|told| told.is_deleted == Some(true)) {
                continue;
            }
            let data = told.and_then(|told| told.item_variation_data.as_ref());
            let context = self.names.context(item_and_time, data);
            let draft = variation.and_then(|told| map::variation(&told, &context));
            page.push(ProductPart::OfItem(index, Box::new(context)), draft);
        }
    }

    /// Adds a variation that came without its item.
    fn push_alone(
        &self,
        object: &CatalogObject<'_>,
        items: &FxHashMap<String, String>,
        page: &mut JsonPage<ProductPart>,
    ) {
        let told = object.item_variation_data.as_ref();
        let text = told.and_then(|told| items.get(told.item_id.as_deref()?));
        let item = text.and_then(|text| map::parse::<CatalogObject<'_>>(text).ok());
        let item = item.filter(|item| item.item_data.is_some());
        if item.is_none() && told.is_some_and(|told| told.item_id.is_some()) {
            // What its item says of it would be taken for cleared.
            return page.push(ProductPart::Whole, Err(map::without_item()));
        }
        let item_and_time = item
            .as_ref()
            .and_then(|item| Some((item.item_data.as_ref()?, item.updated_at.as_deref())));
        let context = self.names.context(item_and_time, told);
        let draft = map::variation(object, &context);
        page.push(ProductPart::Alone(Box::new(context)), draft);
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
            let mut body = json!({ "object_types": ["ITEM", "ITEM_VARIATION"], "limit": limit });
            if let Some(begin) = scan.begin {
                body["begin_time"] = json!(begin);
                body["include_deleted_objects"] = json!(true);
            }
            if let Some(page) = &scan.page {
                body["cursor"] = json!(page);
            }
            Asked::Post("/v2/catalog/search", body)
        };
        Ok(self.client.page(call, most, ask).await?.0)
    }
}

impl PageReader for ProductReader {
    fn next_page(&mut self) -> BoxFuture<'_, Result<Option<SourceBlock>, ConnectorError>> {
        self.next().boxed()
    }
}

/// What is on a page, to tell what is not.
struct Nested {
    variations: FxHashSet<String>,
}

impl Nested {
    /// Collects the variations that stand within items: they need not be read a second time.
    fn of(objects: &[&RawValue]) -> Self {
        let mut variations = FxHashSet::default();
        for json in objects {
            let Ok(object) = map::parse::<CatalogObject<'_>>(json.get()) else { continue };
            let nested = object.item_data.iter().flat_map(|item| item.variations.iter().flatten());
            for json in nested {
                if let Ok(CatalogObject { id: Some(id), .. }) = map::parse(json.get()) {
                    variations.insert(id);
                }
            }
        }
        Self { variations }
    }

    /// Collects the ids of what the page refers to and does not have.
    fn wanted(&self, objects: &[&RawValue]) -> FxHashSet<String> {
        let mut wanted = FxHashSet::default();
        for json in objects {
            let Ok(object) = map::parse::<CatalogObject<'_>>(json.get()) else { continue };
            if let Some(item) = &object.item_data {
                wanted.extend(category_id(item).map(str::to_owned));
                for json in item.variations.iter().flatten() {
                    let variation = map::parse::<CatalogObject<'_>>(json.get()).ok();
                    let data = variation.and_then(|variation| variation.item_variation_data);
                    wanted.extend(data.and_then(|data| data.measurement_unit_id));
                }
            }
            let is_alone = object.id.as_deref().is_some_and(|id| !self.variations.contains(id));
            if let Some(data) = object.item_variation_data.filter(|_| is_alone) {
                wanted.extend(data.item_id);
                wanted.extend(data.measurement_unit_id);
            }
        }
        wanted
    }
}

fn push_stand_ins(page: &mut JsonPage<ProductPart>) {
    for (id, name) in STAND_INS {
        page.begin_object(&json!({ "id": id, "name": name }).to_string());
        page.push(ProductPart::StandIn, Ok(map::stand_in((id, name))));
    }
}
