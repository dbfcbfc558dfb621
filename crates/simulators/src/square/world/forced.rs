//! What a test makes happen now: a sale, an edit, a return, a change of catalog, stock or store.

use super::bill::{Bill, NO_LINE};
use super::events::Happening;
use super::force::{Force, ForcedLine, ForcedReturn, ForcedSale};
use super::ids::Kind;
use super::merchant::Merchant;
use super::orders::{CUSTOM_AMOUNT, Channel, LineRecord, NewOrder, OrderRecord, State};
use super::payments::NONE;
use super::refunds::RefundStatus;
use super::shopping::percent_off;
use super::stock::MovementKind;
use super::take_back::{TakeBack, sum_of_money};
use super::{night, sales, take_back};
use crate::square::SquareError;
use crate::square::json::thousandths;
use crate::square::moment::{HOUR, Moment, SECOND};

/// Makes something happen; answers with the id of what came of it.
pub(crate) fn force(merchant: &mut Merchant, force: &Force) -> Result<Option<String>, SquareError> {
    let now = merchant.now;
    match force {
        Force::Sale(sale) => return sell(merchant, sale).map(Some),
        Force::Return(back) => return take(merchant, back).map(Some),
        Force::EditOrder { order_id, line, quantity } => {
            let order = order(merchant, order_id)?;
            let quantity = positive(quantity)?;
            if !sales::set_quantity(merchant, order, (*line, quantity), false) {
                return refuse("only lines of open orders can be edited, as with the vendor");
            }
        }
        Force::TouchOrder { order_id } => {
            let order = order(merchant, order_id)?;
            sales::annotate(merchant, order);
        }
        Force::CompleteOrder { order_id } => {
            let order = order(merchant, order_id)?;
            sales::complete(merchant, order);
        }
        Force::CancelOrder { order_id } => {
            let order = order(merchant, order_id)?;
            sales::cancel(merchant, order);
        }
        Force::SettleRefund { refund_id, is_accepted } => {
            let count = merchant.refunds.all().len();
            let refund = index(merchant, Kind::Refund, refund_id, count)? as u32;
            let status =
                if *is_accepted { RefundStatus::Completed } else { RefundStatus::Rejected };
            take_back::settle(merchant, refund, status);
        }
        Force::SetPrice { variation_id, location_id, amount } => {
            let variation = variation(merchant, variation_id)?;
            let store = location_id.as_deref().map(|id| store(merchant, id)).transpose()?;
            merchant.catalog.set_price(variation, store, *amount, now);
            merchant.tell(now, Happening::CatalogUpdated);
        }
        Force::RenameItem { item_id, name } => {
            let item = index(merchant, Kind::Item, item_id, merchant.catalog.items.len())?;
            merchant.catalog.rename_item(item as u32, name, now);
            merchant.tell(now, Happening::CatalogUpdated);
        }
        Force::DeleteObject { object_id } => delete(merchant, object_id)?,
        Force::Count { location_id, variation_id, quantity } => {
            let place = (store(merchant, location_id)?, variation(merchant, variation_id)?);
            let quantity = thousandths(quantity).filter(|quantity| *quantity >= 0);
            let Some(quantity) = quantity else { return refuse("quantity must be a decimal") };
            night::book(merchant, place, quantity, MovementKind::PhysicalCount);
        }
        Force::ChangeLocation { location_id, name, is_active } => {
            let number = store(merchant, location_id)?;
            let entry = &mut merchant.stores.all[usize::from(number)];
            entry.name.clone_from(name.as_ref().unwrap_or(&entry.name.clone()));
            entry.is_active = is_active.unwrap_or(entry.is_active);
            merchant.tell(now, Happening::LocationUpdated { store: number });
        }
        Force::RenameVendor { vendor_id, name } => {
            let number = index(merchant, Kind::Vendor, vendor_id, merchant.suppliers.len())?;
            let supplier = &mut merchant.suppliers[number];
            name.clone_into(&mut supplier.name);
            supplier.updated = now;
            supplier.version += 1;
            merchant.tell(now, Happening::VendorUpdated { supplier: number as u16 });
        }
    }
    Ok(None)
}

fn sell(merchant: &mut Merchant, sale: &ForcedSale) -> Result<String, SquareError> {
    let now = merchant.now;
    let store = store(merchant, &sale.location_id)?;
    let lines = lines(merchant, store, &sale.lines)?;
    if lines.is_empty() || sale.hours_late > 72 {
        return refuse("a sale needs lines, and is at most 72 hours late");
    }
    let closed = now.plus(-HOUR * i64::from(sale.hours_late));
    let (channel, state, closed, created) = match (sale.is_open, sale.hours_late) {
        (true, _) => (Channel::Online, State::Open, Moment::NEVER, now),
        (false, 0) => (Channel::Till, State::Completed, closed, closed.plus(-30 * SECOND)),
        (false, _) => (Channel::OfflineTill, State::Completed, closed, closed.plus(-30 * SECOND)),
    };
    let new = NewOrder {
        store,
        channel,
        state,
        created,
        closed,
        is_cash: false,
        coupon: sale.coupon,
        lines,
        returns: Vec::new(),
        source_order: None,
    };
    let order =
        if sale.is_open { sales::open(merchant, new) } else { sales::take_in(merchant, new) };
    Ok(merchant.ids.text(Kind::Order, u64::from(order)).to_string())
}

fn take(merchant: &mut Merchant, back: &ForcedReturn) -> Result<String, SquareError> {
    let source = order(merchant, &back.order_id)?;
    let record = *merchant.orders.order(source);
    let is_done = record.is_returned || record.has_returns();
    if record.state != State::Completed || is_done || record.payment == NONE {
        return refuse("only a completed, paid sale can come back, and only once");
    }
    let lines = match back.amount {
        Some(amount) => {
            if i64::from(amount) > Bill::of(merchant, &record).net() {
                return refuse("more than was paid cannot go back");
            }
            sum_of_money(i64::from(amount)).into_iter().collect()
        }
        None => returned_lines(merchant, &record, &back.lines)?,
    };
    if lines.is_empty() {
        return refuse("nothing comes back");
    }
    let back = TakeBack {
        store: record.store,
        source_order: Some(source),
        lines,
        instead: self::lines(merchant, record.store, &back.instead)?,
        is_cash: record.is_cash,
        reason: "Returned goods",
    };
    let order = take_back::take_back(merchant, back);
    Ok(merchant.ids.text(Kind::Order, u64::from(order)).to_string())
}

fn returned_lines(
    merchant: &Merchant,
    record: &OrderRecord,
    wanted: &[(usize, String)],
) -> Result<Vec<LineRecord>, SquareError> {
    let sold = merchant.orders.sold(record);
    if wanted.is_empty() {
        let all = (0_u8..).zip(sold).map(|(source, line)| LineRecord { source, ..*line });
        return Ok(all.collect());
    }
    let mut lines = Vec::with_capacity(wanted.len());
    for (at, quantity) in wanted {
        let quantity = positive(quantity)?;
        match sold.get(*at).filter(|line| line.quantity >= quantity) {
            Some(line) => lines.push(LineRecord { quantity, source: *at as u8, ..*line }),
            None => return refuse("the order has no such line, or not so many of it"),
        }
    }
    Ok(lines)
}

fn lines(
    merchant: &Merchant,
    store: u16,
    wanted: &[ForcedLine],
) -> Result<Vec<LineRecord>, SquareError> {
    if wanted.len() >= usize::from(NO_LINE) {
        return refuse("an order has fewer than 255 lines here");
    }
    wanted.iter().map(|line| self::line(merchant, store, line)).collect()
}

fn line(merchant: &Merchant, store: u16, line: &ForcedLine) -> Result<LineRecord, SquareError> {
    let quantity = positive(&line.quantity)?;
    let Some(id) = &line.variation_id else {
        let Some(unit_price) = line.unit_price else { return refuse("a sum needs its unit_price") };
        let (variation, percent_off, is_taxed) = (CUSTOM_AMOUNT, 0, false);
        return Ok(LineRecord {
            variation,
            quantity,
            unit_price,
            percent_off,
            is_taxed,
            source: 0,
        });
    };
    let number = variation(merchant, id)?;
    let entry = &merchant.catalog.variations[number as usize];
    let Some(unit_price) = line.unit_price.or(entry.price_at(store)) else {
        return refuse("the variation has no price of its own: give unit_price");
    };
    Ok(LineRecord {
        variation: number,
        quantity,
        unit_price,
        percent_off: percent_off(merchant.seed, number, merchant.now),
        is_taxed: entry.is_taxed,
        source: 0,
    })
}

fn delete(merchant: &mut Merchant, id: &str) -> Result<(), SquareError> {
    let now = merchant.now;
    if let Some(item) = merchant.ids.index(Kind::Item, id, merchant.catalog.items.len()) {
        merchant.catalog.delete_item(item as u32, now);
    } else {
        let variation = variation(merchant, id)?;
        merchant.catalog.delete_variation(variation, now);
    }
    merchant.tell(now, Happening::CatalogUpdated);
    Ok(())
}

fn order(merchant: &Merchant, id: &str) -> Result<u32, SquareError> {
    index(merchant, Kind::Order, id, merchant.orders.count() as usize).map(|number| number as u32)
}

fn variation(merchant: &Merchant, id: &str) -> Result<u32, SquareError> {
    let count = merchant.catalog.variations.len();
    index(merchant, Kind::Variation, id, count).map(|number| number as u32)
}

fn store(merchant: &Merchant, id: &str) -> Result<u16, SquareError> {
    index(merchant, Kind::Location, id, merchant.stores.all.len()).map(|number| number as u16)
}

fn index(merchant: &Merchant, kind: Kind, id: &str, count: usize) -> Result<usize, SquareError> {
    let what = match kind {
        Kind::Order => "order",
        Kind::Refund => "refund",
        Kind::Location => "location",
        Kind::Vendor => "vendor",
        _ => "catalog object",
    };
    let unknown = || SquareError::Unknown { what, id: id.to_owned() };
    merchant.ids.index(kind, id, count).ok_or_else(unknown)
}

fn positive(quantity: &str) -> Result<u32, SquareError> {
    let quantity = thousandths(quantity).and_then(|quantity| u32::try_from(quantity).ok());
    match quantity.filter(|quantity| *quantity > 0) {
        Some(quantity) => Ok(quantity),
        None => refuse("quantity must be a decimal above nothing, with up to three decimals"),
    }
}

fn refuse<T>(why: &str) -> Result<T, SquareError> {
    Err(SquareError::Refused(why.to_owned()))
}
