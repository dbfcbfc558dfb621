//! `/v2/payments`: what was paid. Without a location, only the main one's.

use super::endpoint::Answer;
use super::{ApiError, Call, time_range};
use crate::square::json::Json;
use crate::square::moment::Moment;
use crate::square::wire::payment::payment;
use crate::square::world::bill::Bill;
use crate::square::world::ids::Kind;
use crate::square::world::orders::Channel;
use crate::square::world::payments::PaymentTime;

/// What is listed.
struct Listing {
    store: u16,
    by: PaymentTime,
    is_ascending: bool,
    created: (Moment, Moment),
    updated: Option<(Moment, Moment)>,
    offline: Option<(Moment, Moment)>,
    is_offline: Option<bool>,
    total: Option<i64>,
}

/// Answers with payments in order of the time they are sorted by, the newest first by default.
pub(super) fn list(call: &Call<'_>) -> Answer {
    let cursor = call.cursor()?;
    // The default window is that of the first page, so that pages fit together.
    let now = cursor.map_or(call.now, |cursor| cursor.frozen);
    let listing = Listing::read(call, now)?;
    let limit = time_range::limit(call)?;
    let last = cursor.map(|cursor| (cursor.last.0, cursor.last.1 as u32));
    let found = listing.find(call, last, limit + 1);
    let page = &found[..found.len().min(limit)];
    Ok(Json::document(|json| {
        json.list("payments", page, |json, (_, number)| {
            payment(json, call.merchant, *number, call.now);
        });
        if let Some((moment, number)) = page.last().filter(|_| found.len() > limit) {
            call.write_cursor(json, now, (*moment, u64::from(*number)));
        }
    }))
}

/// Answers with one payment.
pub(super) fn retrieve(call: &Call<'_>) -> Answer {
    let count = call.merchant.payments.count() as usize;
    let number = call
        .merchant
        .ids
        .index(Kind::Payment, call.id, count)
        .ok_or_else(|| ApiError::not_found("There is no such payment."))?;
    Ok(Json::document(|json| {
        json.field("payment", |json| payment(json, call.merchant, number as u32, call.now));
    }))
}

impl Listing {
    fn read(call: &Call<'_>, now: Moment) -> Result<Self, ApiError> {
        let store = match call.parameter("location_id") {
            Some(id) => call.stores(&[id], "location_id")?[0],
            None => 0,
        };
        let by = match call.parameter("sort_field") {
            None | Some("CREATED_AT") => PaymentTime::Created,
            Some("UPDATED_AT") => PaymentTime::Updated,
            Some("OFFLINE_CREATED_AT") => {
                let detail = "Sorting by OFFLINE_CREATED_AT is not simulated.";
                return Err(ApiError::not_implemented(detail));
            }
            Some(_) => {
                let detail = "There is no such field.";
                return Err(ApiError::invalid("INVALID_VALUE", detail, Some("sort_field")));
            }
        };
        for name in ["last_4", "card_brand"] {
            if call.parameter(name).is_some() {
                return Err(ApiError::not_implemented("Filters by card are not simulated."));
            }
        }
        let range = |begin: &str, end: &str| {
            let is_given = call.parameter(begin).or(call.parameter(end)).is_some();
            is_given.then(|| time_range::read(call, (begin, end), (Moment::NEVER, now))).transpose()
        };
        let total = call.parameter("total").map(|text| {
            text.parse().map_err(|_| {
                ApiError::invalid("EXPECTED_INTEGER", "Expected an integer.", Some("total"))
            })
        });
        Ok(Self {
            store,
            by,
            is_ascending: call.is_ascending()?,
            created: time_range::read(
                call,
                ("begin_time", "end_time"),
                time_range::last_year(now),
            )?,
            updated: range("updated_at_begin_time", "updated_at_end_time")?,
            offline: range("offline_begin_time", "offline_end_time")?,
            is_offline: call.parameter("is_offline_payment").map(|text| text == "true"),
            total: total.transpose()?,
        })
    }

    fn find(
        &self,
        call: &Call<'_>,
        last: Option<(Moment, u32)>,
        most: usize,
    ) -> Vec<(Moment, u32)> {
        let window = match self.by {
            PaymentTime::Created => self.created,
            PaymentTime::Updated => self.updated.unwrap_or((self.created.0, call.now)),
        };
        let window = match last {
            Some((moment, _)) if self.is_ascending => (moment, window.1),
            Some((moment, _)) => (window.0, moment),
            None => window,
        };
        let mut found = Vec::new();
        call.merchant.payments.scan(self.by, window, self.is_ascending, |place| {
            let is_next =
                last.is_none_or(|last| if self.is_ascending { place > last } else { place < last });
            if is_next && self.matches(call, place.1) {
                found.push(place);
            }
            found.len() < most
        });
        found
    }

    fn matches(&self, call: &Call<'_>, number: u32) -> bool {
        let payment = call.merchant.payments.payment(number);
        let order = call.merchant.orders.order(payment.order);
        let is_offline = order.channel == Channel::OfflineTill;
        let is_in = |window: (Moment, Moment), moment| (window.0..=window.1).contains(&moment);
        order.store == self.store
            && is_in(self.created, payment.created)
            && self.updated.is_none_or(|updated| is_in(updated, payment.updated))
            && self.offline.is_none_or(|offline| is_offline && is_in(offline, order.created))
            && self.is_offline.is_none_or(|wanted| wanted == is_offline)
            && self.total.is_none_or(|total| Bill::of(call.merchant, order).net() == total)
    }
}
