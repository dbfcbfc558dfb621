//! `/v2/refunds`: what went back, at all locations, a few seconds late.

use super::endpoint::Answer;
use super::{ApiError, Call, time_range};
use crate::square::json::Json;
use crate::square::moment::{Moment, SECOND};
use crate::square::wire::refund::refund;
use crate::square::world::ids::Kind;
use crate::square::world::refunds::RefundRecord;

/// Answers with refunds, the newest first by default.
pub(super) fn list(call: &Call<'_>) -> Answer {
    let cursor = call.cursor()?;
    let now = cursor.map_or(call.now, |cursor| cursor.frozen);
    let seen = call.now.plus(-SECOND * i64::from(call.refund_lag_seconds));
    let limit = time_range::limit(call)?;
    let is_ascending = call.is_ascending()?;
    let is_listed = filter(call, now, seen)?;
    let time = sort_time(call)?;
    let mut found: Vec<(Moment, u32)> = (0_u32..)
        .zip(call.merchant.refunds.all())
        .filter(|(_, record)| is_listed(record))
        .map(|(number, record)| (time(record), number))
        .collect();
    found.sort_unstable();
    if !is_ascending {
        found.reverse();
    }
    if let Some(cursor) = cursor {
        let last = (cursor.last.0, cursor.last.1 as u32);
        found.retain(|place| if is_ascending { *place > last } else { *place < last });
    }
    let page = &found[..found.len().min(limit)];
    Ok(Json::document(|json| {
        json.list("refunds", page, |json, (_, number)| refund(json, call.merchant, *number, seen));
        if let Some((moment, number)) = page.last().filter(|_| found.len() > limit) {
            call.write_cursor(json, now, (*moment, u64::from(*number)));
        }
    }))
}

/// Answers with one refund.
pub(super) fn retrieve(call: &Call<'_>) -> Answer {
    let count = call.merchant.refunds.all().len();
    let number = call
        .merchant
        .ids
        .index(Kind::Refund, call.id, count)
        .ok_or_else(|| ApiError::not_found("There is no such refund."))?;
    Ok(Json::document(|json| {
        json.field("refund", |json| refund(json, call.merchant, number as u32, call.now));
    }))
}

/// Returns what says whether a refund is listed.
fn filter<'c>(
    call: &Call<'c>,
    now: Moment,
    seen: Moment,
) -> Result<impl Fn(&RefundRecord) -> bool + use<'c>, ApiError> {
    let store = match call.parameter("location_id") {
        Some(id) => Some(call.stores(&[id], "location_id")?[0]),
        None => None,
    };
    let status = call.parameter("status");
    if call.parameter("source_type").is_some() {
        return Err(ApiError::not_implemented("Filters by source are not simulated."));
    }
    let created = time_range::read(call, ("begin_time", "end_time"), time_range::last_year(now))?;
    let names = ("updated_at_begin_time", "updated_at_end_time");
    let updated = time_range::read(call, names, (created.0, now))?;
    Ok(move |record: &RefundRecord| {
        let is_in = |window: (Moment, Moment), moment| (window.0..=window.1).contains(&moment);
        record.created <= seen
            && store.is_none_or(|store| record.store == store)
            && status.is_none_or(|status| record.status_at(seen).word() == status)
            && is_in(created, record.created)
            && is_in(updated, record.updated_at(seen))
    })
}

/// Returns what refunds are sorted by.
fn sort_time(call: &Call<'_>) -> Result<fn(&RefundRecord) -> Moment, ApiError> {
    match call.parameter("sort_field") {
        None | Some("CREATED_AT") => Ok(|record| record.created),
        Some("UPDATED_AT") => Ok(|record| record.updated),
        Some(_) => {
            let detail = "There is no such field.";
            Err(ApiError::invalid("INVALID_VALUE", detail, Some("sort_field")))
        }
    }
}
