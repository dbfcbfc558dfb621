//! What catalogue objects refer to: names of categories and units, and the items of variations.

use rustc_hash::{FxHashMap, FxHashSet};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::connector::ConnectorError;
use crate::square::client::{Asked, Call, Client};
use crate::square::map::{self, ProductContext};
use crate::square::wire::{CatalogObject, Envelope, ItemData, VariationData};

/// The most ids of one request.
const IDS_AT_ONCE: u16 = 1000;

/// How many names are kept before the oldest are asked for again.
const MOST_NAMES: usize = 20_000;

/// Names by id, as far as they were asked for; `None` for what the vendor does not know.
#[derive(Default)]
pub(super) struct CatalogNames {
    names: FxHashMap<String, Option<String>>,
}

impl CatalogNames {
    /// Forgets all names where they are many: between pages, as a page needs all of its own.
    pub(super) fn make_room(&mut self) {
        if self.names.len() > MOST_NAMES {
            self.names.clear();
        }
    }

    /// Asks for whatever of `ids` is not known, and returns the bodies of items among them.
    ///
    /// # Errors
    /// See [`ConnectorError`].
    pub(super) async fn learn(
        &mut self,
        client: &Client,
        call: &Call,
        ids: FxHashSet<String>,
    ) -> Result<FxHashMap<String, String>, ConnectorError> {
        let mut unknown: Vec<String> =
            ids.into_iter().filter(|id| !self.names.contains_key(id)).collect();
        unknown.sort();
        let mut items = FxHashMap::default();
        let mut rest = &unknown[..];
        while !rest.is_empty() {
            let most = u16::try_from(rest.len()).unwrap_or(u16::MAX).min(IDS_AT_ONCE);
            let ask = |limit| {
                let body = json!({ "object_ids": rest[..usize::from(limit)] });
                Asked::Post("/v2/catalog/batch-retrieve", body)
            };
            let (reply, asked) = client.page(call, most, ask).await?;
            let (ids, left) = rest.split_at(usize::from(asked));
            rest = left;
            let envelope = Envelope::parse(&reply.body).map_err(|reason| call.shape(reason))?;
            for json in envelope.list("objects").map_err(|reason| call.shape(reason))? {
                let Ok(object) = map::parse::<CatalogObject<'_>>(json.get()) else { continue };
                let Some(id) = object.id.clone() else { continue };
                if object.item_data.is_some() {
                    items.insert(id, json.get().to_owned());
                } else {
                    self.names.insert(id, name_of(&object));
                }
            }
            // What was not told, such as a deleted category, is not asked for again and again.
            for id in ids.iter().filter(|id| !items.contains_key(*id)) {
                self.names.entry(id.clone()).or_default();
            }
        }
        Ok(items)
    }

    /// Returns what a variation is told by its item.
    pub(super) fn context(
        &self,
        item: Option<(&ItemData<'_>, Option<&str>)>,
        variation: Option<&VariationData>,
    ) -> ProductContext {
        let name = |id: Option<&str>| self.names.get(id?)?.clone();
        ProductContext {
            item_name: item.and_then(|(item, _)| item.name.clone()),
            item_updated_at: item.and_then(|(_, updated_at)| updated_at.map(str::to_owned)),
            category: name(item.and_then(|(item, _)| category_id(item))),
            unit: name(variation.and_then(|told| told.measurement_unit_id.as_deref())),
        }
    }
}

/// Returns the category that an item is reported under, or the first it is in.
pub(super) fn category_id<'a>(item: &'a ItemData<'_>) -> Option<&'a str> {
    let first = || item.categories.as_ref()?.first()?.id.as_deref();
    let reported = item.reporting_category.as_ref().and_then(|category| category.id.as_deref());
    reported.or_else(first)
}

fn name_of(object: &CatalogObject<'_>) -> Option<String> {
    if let Some(category) = &object.category_data {
        return category.name.clone();
    }
    unit_name(object.measurement_unit_data.as_ref()?.measurement_unit?)
}

/// Names a unit: a custom one by its name, one of the vendor's lists by its word there.
fn unit_name(unit: &RawValue) -> Option<String> {
    let members: Map<String, Value> = serde_json::from_str(unit.get()).ok()?;
    if let Some(name) = members.get("custom_unit").and_then(|unit| unit["name"].as_str()) {
        return Some(name.to_owned());
    }
    let listed = members.iter().find(|(name, _)| name.ends_with("_unit"));
    Some(listed?.1.as_str()?.to_ascii_lowercase())
}
