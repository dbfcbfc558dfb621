//! Counts a day's sales at the vendor, store by store, for a reconciliation.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use shelfops_ingest::Stream;
use shelfops_ingest::records::{Draft, TransactionType};
use shelfops_ingest::source::Malformed;
use shelfops_ingest::values::Currency;

use super::Square;
use super::client::{Call, Client};
use super::map::{self, ToldTotal};
use super::streams::{
    OrderSearch, OrderTime, Place, RefundSearch, RefundTime, ReturnsSeen, locations,
};
use super::wire::Order;
use crate::connector::{
    Connector as _, ConnectorError, DayBasis, DayTotals, JsonPage, UnevenOrder,
};

/// How many orders of a store's day are named whose lines do not come to what they say. Where more are so,
/// all are so for one reason.
const UNEVEN_NAMED: usize = 50;

/// Counts a day of every store that says its clock and its currency.
///
/// # Errors
/// See [`ConnectorError`].
pub(super) async fn totals(
    client: &Client,
    day: Date,
    basis: DayBasis,
) -> Result<Vec<DayTotals>, ConnectorError> {
    let scopes = Square.scopes(Stream::Transactions);
    let list = locations(client, &Call::new("the list of stores", scopes)).await?;
    let mut totals = Vec::new();
    for store in &list.stores {
        let Some((from, until, currency)) = day_of(store, day) else { continue };
        let counted = loop {
            let before = client.page_size().of(u16::MAX);
            let counted =
                count_store(client, (&store.id, currency), (day, from, until), basis).await;
            match counted {
                // Smaller pages do not go on where larger ones were.
                Err(ConnectorError::PageForgotten { .. })
                    if client.page_size().of(u16::MAX) < before => {}
                counted => break counted?,
            }
        };
        totals.push(counted);
    }
    Ok(totals)
}

/// Counts one store's day, from its first moment to its last.
async fn count_store(
    client: &Client,
    (store, currency): (&str, Currency),
    (day, from, until): (Date, Timestamp, Timestamp),
    basis: DayBasis,
) -> Result<DayTotals, ConnectorError> {
    let mut counted = DayTotals {
        store: store.to_owned(),
        day,
        currency,
        order_count: 0,
        sale_lines: 0,
        return_lines: 0,
        malformed: 0,
        net_lines: Decimal::ZERO,
        net_orders: Decimal::ZERO,
        uneven: Vec::new(),
        uneven_count: 0,
    };
    let mut seen = ReturnsSeen::default();
    count_orders(client, &mut counted, (from, until), basis, &mut seen).await?;
    count_refunds(client, &mut counted, (from, until), &seen).await?;
    Ok(counted)
}

/// Returns the first and last moment of a day by the store's clock.
fn day_of(store: &Place, day: Date) -> Option<(Timestamp, Timestamp, Currency)> {
    let zone = TimeZone::get(store.time_zone.as_deref()?).ok()?;
    let currency = Currency::parse(store.currency.as_deref()?).ok()?;
    let starts = |day: Date| Some(day.to_zoned_datetime(zone.clone()).ok()?.timestamp());
    // Both ends are included, and times have milliseconds.
    let last =
        starts(day.tomorrow().ok()?)?.checked_sub(jiff::SignedDuration::from_millis(1)).ok()?;
    Some((starts(day)?, last, currency))
}

async fn count_orders(
    client: &Client,
    counted: &mut DayTotals,
    (from, until): (Timestamp, Timestamp),
    basis: DayBasis,
    seen: &mut ReturnsSeen,
) -> Result<(), ConnectorError> {
    let what = format!("the orders of {} on {}", counted.store, counted.day);
    let call = Call::new(what, Square.scopes(Stream::Transactions));
    let stores = [counted.store.clone()];
    let time = match basis {
        DayBasis::Created => OrderTime::Created,
        DayBasis::Closed => OrderTime::Closed,
    };
    let mut page = None;
    loop {
        let search =
            OrderSearch { stores: &stores, time, from, until: Some(until), page: page.as_deref() };
        let found = search.fetch(client, &call).await?;
        found.each_order(&call, |order, _| match order {
            Err(_) => counted.malformed += 1,
            Ok(order) => {
                seen.learn(order);
                count_order(counted, order);
            }
        })?;
        if found.next.is_none() {
            return Ok(());
        }
        page = found.next;
    }
}

/// Counts an order, and looks whether its lines come to what it says of itself.
fn count_order(counted: &mut DayTotals, order: &Order<'_>) {
    if map::is_void(order) {
        // Nothing of it was sold, also what cannot be read.
        return;
    }
    let (before, malformed) = (counted.net_lines, counted.malformed);
    map::each_record(order, |_, draft| count(counted, &draft));
    let read = counted.net_lines - before;
    counted.order_count += u64::from(map::does_count(order));
    // What cannot be read is told as that: the others of its lines need not come to the whole.
    let is_whole = counted.malformed == malformed;
    match ToldTotal::of(order).filter(|told| !told.is_met_by(read)) {
        None => counted.net_orders += read,
        Some(told) if !is_whole => counted.net_orders += told.net(),
        Some(told) => {
            counted.net_orders += told.net();
            counted.uneven_count += 1;
            if counted.uneven.len() < UNEVEN_NAMED {
                let order = order.id.clone().unwrap_or_default();
                counted.uneven.push(UnevenOrder { order, told: told.net(), read });
            }
        }
    }
}

/// Counts refunds without goods: they are in no order, and are loaded all the same.
async fn count_refunds(
    client: &Client,
    counted: &mut DayTotals,
    (from, until): (Timestamp, Timestamp),
    seen: &ReturnsSeen,
) -> Result<(), ConnectorError> {
    let what = format!("the refunds of {} on {}", counted.store, counted.day);
    let call = Call::new(what, Square.scopes(Stream::Transactions));
    let store = counted.store.clone();
    let mut page = None;
    loop {
        let search = RefundSearch {
            store: Some(&store),
            time: RefundTime::Created,
            from,
            until: Some(until),
            page: page.as_deref(),
        };
        let found = search.fetch(client, &call, seen).await?;
        let mut records = JsonPage::new();
        found.push_records(&call, &mut records)?;
        let (drafts, _) = records.finish();
        for draft in &drafts {
            let before = counted.net_lines;
            // Whose it is that cannot be read is not known: it was asked for by store and day.
            if draft.is_err() || is_of(draft, &store, (from, until)) {
                count(counted, draft);
            }
            // Orders do not tell of it.
            counted.net_orders += counted.net_lines - before;
        }
        if found.next.is_none() {
            return Ok(());
        }
        page = found.next;
    }
}

/// Whether a refund is the store's and the day's: the list may begin a little before it.
fn is_of(
    draft: &Result<Draft, Malformed>,
    store: &str,
    (from, until): (Timestamp, Timestamp),
) -> bool {
    let Ok(Draft::Transaction(line)) = draft else { return false };
    let is_within = |at: Timestamp| from <= at && at <= until;
    line.store.value().is_some_and(|told| told == store)
        && line.occurred_at.value().is_some_and(|at| is_within(at.instant))
}

fn count(counted: &mut DayTotals, draft: &Result<Draft, Malformed>) {
    let Ok(Draft::Transaction(line)) = draft else {
        counted.malformed += 1;
        return;
    };
    let total = line.total_amount.value().copied().unwrap_or_default();
    match line.transaction_type.value() {
        Some(TransactionType::Sale) => {
            counted.sale_lines += 1;
            counted.net_lines += total;
        }
        Some(TransactionType::Return) => {
            counted.return_lines += 1;
            counted.net_lines -= total;
        }
        _ => {}
    }
}
