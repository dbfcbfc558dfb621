//! `/v2/inventory/changes/batch-retrieve`: how stock changed, in the order in which it happened.
//!
//! Sales and returns are not stored a second time as changes: they are read off the orders.

use super::endpoint::Answer;
use super::inventory_counts::{LARGEST_PAGE, Shelf};
use super::{ApiError, Call};
use crate::square::json::Json;
use crate::square::moment::{HOUR, MINUTE, Moment};
use crate::square::wire::inventory::{GoodsMoved, goods_moved, moved, recorded};
use crate::square::world::orders::{CUSTOM_AMOUNT, OrderTime, State};
use crate::square::world::stock::MovementKind;

/// How many changes a page has, unless the request says so.
const PAGE: usize = 100;

/// How much later than it happened a change can be recorded: tills that were offline.
const LATEST: i64 = 73 * HOUR;

/// How much of the time is read at once.
const STEP: i64 = 60 * MINUTE;

/// The bit of a place that tells changes without an order from those of orders.
const WITHOUT_ORDER: u64 = 1 << 63;

/// A change's place in the listing: its time, then its number.
type Place = (Moment, u64);

/// A change, found.
enum Change {
    Goods(GoodsMoved),
    Moved(u32),
}

/// Which changes are asked for.
struct Wanted {
    shelf: Shelf,
    has_counts: bool,
    has_adjustments: bool,
    /// Recorded after this, if it is given.
    after: Option<Moment>,
    /// Recorded before this.
    before: Moment,
}

/// Answers with changes that were recorded in a window, in the order in which they happened.
pub(super) fn batch_retrieve(call: &Call<'_>) -> Answer {
    let fields = call.fields()?;
    let limit = fields.limit(PAGE, LARGEST_PAGE)?;
    let types = fields.texts("types")?.filter(|types| !types.is_empty());
    let wants = |name: &str| types.as_ref().is_none_or(|types| types.contains(&name));
    let known = ["PHYSICAL_COUNT", "ADJUSTMENT", "TRANSFER"];
    if types.as_ref().is_some_and(|types| types.iter().any(|name| !known.contains(name))) {
        let detail = "There is no such type of change.";
        return Err(ApiError::invalid("INVALID_VALUE", detail, Some("types")));
    }
    if fields.has("states") {
        return Err(ApiError::not_implemented("Filters by state are not simulated."));
    }
    let cursor = call.cursor()?;
    let frozen = cursor.map_or(call.now, |cursor| cursor.frozen);
    let wanted = Wanted {
        shelf: Shelf::read(call, &fields)?,
        has_counts: wants("PHYSICAL_COUNT"),
        has_adjustments: wants("ADJUSTMENT"),
        after: fields.moment("updated_after")?,
        before: fields.moment("updated_before")?.unwrap_or(frozen.plus(1)),
    };
    let found = wanted.find(call, cursor.map(|cursor| cursor.last), limit + 1);
    let page = &found[..found.len().min(limit)];
    Ok(Json::document(|json| {
        json.list("changes", page, |json, (_, change)| match change {
            Change::Goods(goods) => goods_moved(json, call.merchant, *goods, call.version),
            Change::Moved(number) => moved(json, call.merchant, *number, call.version),
        });
        if let Some((place, _)) = page.last().filter(|_| found.len() > limit) {
            call.write_cursor(json, frozen, *place);
        }
    }))
}

impl Wanted {
    fn find(&self, call: &Call<'_>, last: Option<Place>, most: usize) -> Vec<(Place, Change)> {
        let earliest =
            call.merchant.stock.movements().first().map_or(call.now, |first| first.occurred);
        let begin = self.after.map_or(earliest, |after| after.plus(-LATEST)).max(earliest);
        let mut from = last.map_or(begin, |last| last.0.max(begin));
        let mut found = Vec::new();
        while found.len() < most && from < self.before {
            let to = from.plus(STEP - 1);
            let mut step = Vec::new();
            self.add_goods(call, (from, to), &mut step);
            self.add_movements(call, (from, to), &mut step);
            step.retain(|(place, _)| last.is_none_or(|last| *place > last));
            step.sort_unstable_by_key(|(place, _)| *place);
            found.extend(step);
            from = from.plus(STEP);
        }
        found.truncate(most);
        found
    }

    fn add_goods(
        &self,
        call: &Call<'_>,
        window: (Moment, Moment),
        found: &mut Vec<(Place, Change)>,
    ) {
        let merchant = call.merchant;
        let orders = &merchant.orders;
        if !self.has_adjustments {
            return;
        }
        orders.scan(OrderTime::Closed, window, true, |(closed, order)| {
            let record = orders.order(order);
            let is_due = record.state == State::Completed && self.is_in(recorded(merchant, order));
            if !is_due {
                return true;
            }
            let sold = orders.sold(record).iter().map(|line| (line, false));
            let all = sold.chain(orders.returned(record).iter().map(|line| (line, true)));
            for (place, (line, is_return)) in (0_u8..=u8::MAX).zip(all) {
                let is_counted = line.variation != CUSTOM_AMOUNT
                    && merchant.catalog.variations[line.variation as usize].is_tracked();
                if is_counted && self.shelf.has(record.store, line.variation) {
                    let goods = GoodsMoved { order, place, line: *line, is_return };
                    let number = u64::from(order) << 8 | u64::from(place);
                    found.push(((closed, number), Change::Goods(goods)));
                }
            }
            true
        });
    }

    fn add_movements(
        &self,
        call: &Call<'_>,
        window: (Moment, Moment),
        found: &mut Vec<(Place, Change)>,
    ) {
        let stock = &call.merchant.stock;
        stock.scan(window, |(occurred, number)| {
            let movement = stock.movement(number);
            let is_count = movement.kind == MovementKind::PhysicalCount;
            let is_wanted = if is_count { self.has_counts } else { self.has_adjustments };
            let is_there = self.shelf.has(movement.store, movement.variation);
            if is_wanted && is_there && self.is_in(occurred) {
                let place = (occurred, WITHOUT_ORDER | u64::from(number));
                found.push((place, Change::Moved(number)));
            }
            true
        });
    }

    /// Whether a change that was recorded then is asked for: neither end is part of the window.
    fn is_in(&self, recorded: Moment) -> bool {
        self.after.is_none_or(|after| recorded > after) && recorded < self.before
    }
}
