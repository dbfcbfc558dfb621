//! Objects of the catalog.

use super::order::percentage;
use crate::square::json::Json;
use crate::square::moment::Moment;
use crate::square::world::CATEGORIES;
use crate::square::world::catalog::{Item, Meta, PROMOTIONS, Variation};
use crate::square::world::ids::Kind;
use crate::square::world::merchant::Merchant;

/// An object of the catalog: what it is and its number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CatalogObject {
    pub(crate) kind: Kind,
    pub(crate) number: u32,
}

/// The types of objects, in the order they are listed.
pub(crate) const TYPES: [(Kind, &str); 6] = [
    (Kind::Category, "CATEGORY"),
    (Kind::Tax, "TAX"),
    (Kind::Discount, "DISCOUNT"),
    (Kind::Unit, "MEASUREMENT_UNIT"),
    (Kind::Item, "ITEM"),
    (Kind::Variation, "ITEM_VARIATION"),
];

impl CatalogObject {
    /// Returns every object, deleted ones included, in a fixed order.
    pub(crate) fn all(merchant: &Merchant) -> impl Iterator<Item = Self> + '_ {
        TYPES.into_iter().flat_map(|(kind, _)| Self::numbers(merchant, kind))
    }

    /// Returns the object with this id.
    pub(crate) fn find(merchant: &Merchant, id: &str) -> Option<Self> {
        TYPES.into_iter().find_map(|(kind, _)| {
            let number = merchant.ids.number(kind, id)? as u32;
            Self::numbers(merchant, kind).find(|object| object.number == number)
        })
    }

    /// Returns the vendor's word for the object's type.
    pub(crate) fn type_name(self) -> &'static str {
        TYPES.iter().find(|(kind, _)| *kind == self.kind).map_or("", |(_, name)| name)
    }

    /// Returns when the object changed last, and whether it is deleted.
    pub(crate) fn meta(self, merchant: &Merchant) -> Meta {
        let catalog = &merchant.catalog;
        match self.kind {
            Kind::Item => catalog.items[self.number as usize].meta,
            Kind::Variation => catalog.variations[self.number as usize].meta,
            _ => Meta { updated: catalog.founded, is_deleted: false },
        }
    }

    /// Writes the object where a value stands; deleted ones have little left.
    pub(crate) fn write(self, json: &mut Json, merchant: &Merchant) {
        let meta = self.meta(merchant);
        json.object(|json| {
            json.text("type", self.type_name());
            json.text("id", &merchant.ids.text(self.kind, u64::from(self.number)));
            json.moment("updated_at", meta.updated);
            json.whole("version", version(meta.updated));
            json.flag("is_deleted", meta.is_deleted);
            self.presence(json, merchant);
            if !meta.is_deleted {
                self.contents(json, merchant);
            }
        });
    }

    /// Returns the objects that this one names.
    pub(crate) fn related(self, merchant: &Merchant) -> Vec<Self> {
        let item = match self.kind {
            Kind::Variation => {
                let item = merchant.catalog.variations[self.number as usize].item;
                return vec![Self { kind: Kind::Item, number: item }];
            }
            Kind::Item => &merchant.catalog.items[self.number as usize],
            _ => return Vec::new(),
        };
        let category = Self { kind: Kind::Category, number: u32::from(item.category) };
        let tax = CATEGORIES[usize::from(item.category)].is_taxed;
        let tax = tax.then_some(Self { kind: Kind::Tax, number: 0 });
        [category].into_iter().chain(tax).collect()
    }

    fn numbers(merchant: &Merchant, kind: Kind) -> Box<dyn Iterator<Item = Self> + '_> {
        let object = move |number: u32| Self { kind, number };
        match kind {
            Kind::Category => Box::new((0..CATEGORIES.len() as u32).map(object)),
            Kind::Discount => Box::new(PROMOTIONS.iter().map(move |each| object(u32::from(*each)))),
            Kind::Item => Box::new((0..merchant.catalog.items.len() as u32).map(object)),
            Kind::Variation => Box::new((0..merchant.catalog.variations.len() as u32).map(object)),
            _ => Box::new([object(0)].into_iter()),
        }
    }

    fn presence(self, json: &mut Json, merchant: &Merchant) {
        json.flag("present_at_all_locations", true);
        let item = match self.kind {
            Kind::Item => self.number,
            Kind::Variation => merchant.catalog.variations[self.number as usize].item,
            _ => return,
        };
        let absent_at = &merchant.catalog.items[item as usize].absent_at;
        json.list("absent_at_location_ids", absent_at, |json, store| {
            json.item(&merchant.ids.text(Kind::Location, u64::from(*store)));
        });
    }

    fn contents(self, json: &mut Json, merchant: &Merchant) {
        let number = self.number as usize;
        match self.kind {
            Kind::Category => json.part("category_data", |json| {
                json.text("name", CATEGORIES[number].name);
                json.text("category_type", "REGULAR_CATEGORY");
            }),
            Kind::Tax => json.part("tax_data", |json| tax(json, merchant)),
            Kind::Discount => json.part("discount_data", |json| {
                json.text("name", &format!("Offer of the week {number} %"));
                json.text("discount_type", "FIXED_PERCENTAGE");
                json.text("percentage", &number.to_string());
            }),
            Kind::Unit => json.part("measurement_unit_data", |json| {
                json.part("measurement_unit", |json| {
                    json.text("weight_unit", "METRIC_KILOGRAM");
                    json.text("type", "TYPE_WEIGHT");
                });
                json.whole("precision", 3);
            }),
            Kind::Item => {
                json.part("item_data", |json| {
                    item(json, merchant, &merchant.catalog.items[number]);
                });
            }
            _ => json.part("item_variation_data", |json| {
                variation(json, merchant, &merchant.catalog.variations[number]);
            }),
        }
    }
}

/// Returns the version of an object: a number that only grows.
pub(crate) const fn version(updated: Moment) -> i64 {
    updated.millis()
}

fn tax(json: &mut Json, merchant: &Merchant) {
    let market = merchant.market;
    json.text("name", market.tax_name);
    json.text("calculation_phase", "TAX_SUBTOTAL_PHASE");
    json.text("inclusion_type", if market.is_tax_included { "INCLUSIVE" } else { "ADDITIVE" });
    json.text("percentage", &percentage(market.tax_rate));
    json.flag("enabled", true);
}

fn item(json: &mut Json, merchant: &Merchant, item: &Item) {
    let category = merchant.ids.text(Kind::Category, u64::from(item.category));
    let reference = |json: &mut Json| {
        json.text("id", &category);
        json.whole("ordinal", 0);
    };
    json.text("name", item.name());
    json.text("product_type", "REGULAR");
    json.list("categories", [()], |json, ()| json.object(reference));
    json.part("reporting_category", reference);
    let is_taxed = CATEGORIES[usize::from(item.category)].is_taxed;
    let taxes = is_taxed.then(|| merchant.ids.text(Kind::Tax, 0));
    json.list("tax_ids", taxes, |json, id| json.item(&id));
    json.flag("is_archived", item.is_archived);
    let nested = item
        .variations
        .iter()
        .map(|number| CatalogObject { kind: Kind::Variation, number: *number });
    let nested = nested.filter(|object| !object.meta(merchant).is_deleted);
    json.list("variations", nested, |json, object| object.write(json, merchant));
}

fn variation(json: &mut Json, merchant: &Merchant, variation: &Variation) {
    let currency = merchant.market.currency;
    json.text("item_id", &merchant.ids.text(Kind::Item, u64::from(variation.item)));
    json.text("name", variation.name);
    json.optional("sku", variation.sku.as_deref());
    json.optional("upc", variation.upc.as_deref());
    let pricing = if variation.price.is_some() { "FIXED_PRICING" } else { "VARIABLE_PRICING" };
    json.text("pricing_type", pricing);
    if let Some(price) = variation.price {
        json.money("price_money", i64::from(price), currency);
    }
    json.list("location_overrides", &variation.overrides, |json, (store, price)| {
        json.object(|json| {
            json.text("location_id", &merchant.ids.text(Kind::Location, u64::from(*store)));
            json.money("price_money", i64::from(*price), currency);
            json.text("pricing_type", "FIXED_PRICING");
        });
    });
    json.flag("track_inventory", variation.is_tracked());
    json.flag("sellable", true);
    json.flag("stockable", true);
    if variation.is_weighed {
        json.text("measurement_unit_id", &merchant.ids.text(Kind::Unit, 0));
    }
}
