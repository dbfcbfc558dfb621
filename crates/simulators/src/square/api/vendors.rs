//! `/v2/vendors`: those the merchant buys from.

use super::endpoint::Answer;
use super::{ApiError, Call};
use crate::square::json::Json;
use crate::square::moment::Moment;
use crate::square::wire::supplier::supplier;
use crate::square::world::ids::Kind;

/// How many vendors a page of a search has.
const PAGE: usize = 10;

/// The most ids that can be asked for at once.
const MOST_IDS: usize = 100;

/// Answers with the vendors of some names or a status.
pub(super) fn search(call: &Call<'_>) -> Answer {
    let fields = call.fields()?;
    let filter = fields.object("filter")?;
    let names = filter.texts_up_to("name", MOST_IDS)?;
    let statuses = filter.texts("status")?.unwrap_or_default();
    let sort = fields.object("sort")?;
    let is_descending = sort.text("order")? == Some("DESC");
    let is_by_name = match sort.text("field")? {
        None | Some("CREATED_AT") => false,
        Some("NAME") => true,
        Some(_) => {
            let detail = "There is no such field.";
            return Err(ApiError::invalid("INVALID_VALUE", detail, Some("sort.field")));
        }
    };
    let suppliers = &call.merchant.suppliers;
    let mut found: Vec<u16> = (0_u16..)
        .zip(suppliers)
        .filter(|(_, each)| names.is_empty() || names.contains(&each.name.as_str()))
        .filter(|(_, each)| {
            let status = if each.is_active { "ACTIVE" } else { "INACTIVE" };
            statuses.is_empty() || statuses.contains(&status)
        })
        .map(|(number, _)| number)
        .collect();
    found.sort_by(|left, right| {
        let (left, right) = (&suppliers[usize::from(*left)], &suppliers[usize::from(*right)]);
        if is_by_name { left.name.cmp(&right.name) } else { left.created.cmp(&right.created) }
    });
    if is_descending {
        found.reverse();
    }
    let start = call.cursor()?.map_or(0, |cursor| cursor.last.1 as usize).min(found.len());
    let end = (start + PAGE).min(found.len());
    Ok(Json::document(|json| {
        json.list("vendors", &found[start..end], |json, number| {
            supplier(json, call.merchant, *number);
        });
        if end < found.len() {
            call.write_cursor(json, Moment::NEVER, (Moment::NEVER, end as u64));
        }
    }))
}

/// Answers for each id with its vendor or an error.
pub(super) fn bulk_retrieve(call: &Call<'_>) -> Answer {
    let fields = call.fields()?;
    let ids = fields.texts_up_to("vendor_ids", MOST_IDS)?;
    if ids.is_empty() {
        return Err(ApiError::missing("vendor_ids"));
    }
    let not_found = ApiError::not_found("There is no such vendor.");
    Ok(Json::document(|json| {
        json.part("responses", |json| {
            for id in ids.iter().filter(|id| is_plain(id)) {
                json.part(id, |json| match number(call, id) {
                    Some(number) => {
                        json.field("vendor", |json| supplier(json, call.merchant, number));
                    }
                    None => json.list("errors", [&not_found], |json, error| {
                        json.object(|json| error.fields(json));
                    }),
                });
            }
        });
    }))
}

/// Answers with one vendor.
pub(super) fn retrieve(call: &Call<'_>) -> Answer {
    let not_found = || ApiError::not_found("There is no such vendor.");
    let number = number(call, call.id).ok_or_else(not_found)?;
    Ok(Json::document(|json| {
        json.field("vendor", |json| supplier(json, call.merchant, number));
    }))
}

fn number(call: &Call<'_>, id: &str) -> Option<u16> {
    let count = call.merchant.suppliers.len();
    call.merchant.ids.index(Kind::Vendor, id, count).map(|number| number as u16)
}

/// Whether an id can be the name of a field as it is.
fn is_plain(id: &str) -> bool {
    id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}
