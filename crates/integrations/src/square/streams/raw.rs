//! Reads a single record again from what quarantine kept of it.

use serde::Deserialize;
use serde_json::Value;
use shelfops_ingest::Stream;
use shelfops_ingest::records::Draft;
use shelfops_ingest::source::Malformed;

use crate::square::map::{self, ProductContext, STAND_INS};
use crate::square::wire::{CatalogObject, InventoryCount, Location, Order, PaymentRefund, Vendor};

/// A variation with what it was told by its item.
#[derive(Deserialize)]
struct KeptVariation<'a> {
    #[serde(borrow)]
    variation: CatalogObject<'a>,
    context: ProductContext,
}

/// Reads a record again.
///
/// # Errors
/// Says why it is still no record.
pub(in crate::square) fn draft_from_raw(stream: Stream, raw: &Value) -> Result<Draft, Malformed> {
    let text = raw.to_string();
    match stream {
        Stream::Stores => map::parse::<Location>(&text).map(|told| map::store_of(&told)),
        Stream::Suppliers => map::parse::<Vendor>(&text).map(|told| map::supplier_of(&told)),
        Stream::Products => product(raw, &text),
        Stream::Transactions if raw.get("amount_money").is_some() => {
            map::parse::<PaymentRefund>(&text).and_then(|told| refund(&told))
        }
        Stream::Transactions => order_line(&text),
        Stream::Inventory => map::parse::<InventoryCount>(&text)
            .and_then(|told| map::level_of(&told))
            .and_then(|draft| draft.ok_or_else(|| malformed("it counts nothing on the shelf"))),
        Stream::PurchaseOrders => Err(malformed("there is no such stream")),
    }
}

/// A refund whose money may not have gone back is none, however often it is read.
fn refund(told: &PaymentRefund) -> Result<Draft, Malformed> {
    match map::is_paid_out(told)? {
        true => Ok(map::refund_of(told)),
        false => Err(malformed("its money has not gone back")),
    }
}

fn product(raw: &Value, text: &str) -> Result<Draft, Malformed> {
    let id = raw.get("id").and_then(Value::as_str);
    if let Some(stand_in) = STAND_INS.into_iter().find(|(name, _)| Some(*name) == id) {
        return Ok(map::stand_in(stand_in));
    }
    if raw.get("item_variation_data").is_some() {
        // It was kept without what its item says of it.
        return Err(map::without_item());
    }
    if raw.get("type").is_some_and(|kind| kind == "ITEM") && raw.get("item_data").is_none() {
        return Err(map::without_data());
    }
    let kept: KeptVariation<'_> = map::parse(text)?;
    map::variation(&kept.variation, &kept.context)
}

fn order_line(text: &str) -> Result<Draft, Malformed> {
    let order: Order<'_> = map::parse(text)?;
    let mut drafts = Vec::new();
    map::each_record(&order, |_, draft| drafts.push(draft));
    match drafts.pop() {
        Some(mut draft) if drafts.is_empty() => {
            // The order had other lines, which were not kept beside this one: it is not told whole.
            if let Ok(Draft::Transaction(line)) = &mut draft {
                line.order_lines = None;
            }
            draft
        }
        Some(_) => Err(malformed("it has several lines: sync that time again")),
        None => Err(map::without_any_line()),
    }
}

fn malformed(reason: &str) -> Malformed {
    Malformed { reason: reason.to_owned() }
}
