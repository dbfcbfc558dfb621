//! What a test makes happen now: a sale, an edit, a return, a change of catalog, stock or store.

use super::events::Happening;
use super::force::Force;
use super::forced_sales::{refund, sell, take};
use super::ids::Kind;
use super::lookup::{index, order, positive, refuse, store, variation};
use super::merchant::Merchant;
use super::refunds::RefundStatus;
use super::stock::MovementKind;
use super::{night, sales, take_back};
use crate::square::SquareError;
use crate::square::json::thousandths;

/// Makes something happen; answers with the id of what came of it.
pub(crate) fn force(merchant: &mut Merchant, force: &Force) -> Result<Option<String>, SquareError> {
    match force {
        Force::Sale(sale) => return sell(merchant, sale).map(Some),
        Force::Return(back) => return take(merchant, back).map(Some),
        Force::RefundAmount { order_id, amount } => {
            return refund(merchant, (order_id, *amount)).map(Some);
        }
        Force::EditOrder { order_id, line, quantity } => {
            edit_order(merchant, order_id, (*line, quantity))?;
        }
        Force::RemoveLastLine { order_id } => {
            let order = order(merchant, order_id)?;
            if !sales::remove_last_line(merchant, order) {
                refuse("only lines of open orders can be taken off, as with the vendor")?;
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
            settle_refund(merchant, refund_id, *is_accepted)?;
        }
        Force::SetPrice { variation_id, location_id, amount } => {
            set_price(merchant, (variation_id, location_id.as_deref()), *amount)?;
        }
        Force::RenameItem { item_id, name } => rename_item(merchant, item_id, name)?,
        Force::DeleteObject { object_id } => delete(merchant, object_id)?,
        Force::Count { location_id, variation_id, quantity } => {
            count(merchant, (location_id, variation_id), quantity)?;
        }
        Force::ChangeLocation { location_id, name, is_active } => {
            change_location(merchant, location_id, (name.as_deref(), *is_active))?;
        }
        Force::RenameVendor { vendor_id, name } => rename_vendor(merchant, vendor_id, name)?,
    }
    Ok(None)
}

fn edit_order(
    merchant: &mut Merchant,
    order_id: &str,
    (line, quantity): (usize, &str),
) -> Result<(), SquareError> {
    let order = order(merchant, order_id)?;
    let quantity = positive(quantity)?;
    if sales::set_quantity(merchant, order, (line, quantity), false) {
        return Ok(());
    }
    refuse("only lines of open orders can be edited, as with the vendor")
}

fn settle_refund(merchant: &mut Merchant, id: &str, is_accepted: bool) -> Result<(), SquareError> {
    let count = merchant.refunds.all().len();
    let refund = index(merchant, Kind::Refund, id, count)? as u32;
    let status = if is_accepted { RefundStatus::Completed } else { RefundStatus::Rejected };
    take_back::settle(merchant, refund, status);
    Ok(())
}

fn set_price(
    merchant: &mut Merchant,
    (variation_id, location_id): (&str, Option<&str>),
    amount: u32,
) -> Result<(), SquareError> {
    let variation = variation(merchant, variation_id)?;
    let store = location_id.map(|id| store(merchant, id)).transpose()?;
    merchant.catalog.set_price(variation, store, amount, merchant.now);
    merchant.tell(merchant.now, Happening::CatalogUpdated);
    Ok(())
}

fn rename_item(merchant: &mut Merchant, id: &str, name: &str) -> Result<(), SquareError> {
    let item = index(merchant, Kind::Item, id, merchant.catalog.items.len())?;
    merchant.catalog.rename_item(item as u32, name, merchant.now);
    merchant.tell(merchant.now, Happening::CatalogUpdated);
    Ok(())
}

fn count(
    merchant: &mut Merchant,
    (location_id, variation_id): (&str, &str),
    quantity: &str,
) -> Result<(), SquareError> {
    let place = (store(merchant, location_id)?, variation(merchant, variation_id)?);
    match thousandths(quantity).filter(|quantity| *quantity >= 0) {
        Some(quantity) => {
            night::book(merchant, place, quantity, MovementKind::PhysicalCount);
            Ok(())
        }
        None => refuse("quantity must be a decimal, and not below nothing"),
    }
}

fn change_location(
    merchant: &mut Merchant,
    id: &str,
    (name, is_active): (Option<&str>, Option<bool>),
) -> Result<(), SquareError> {
    let number = store(merchant, id)?;
    let entry = &mut merchant.stores.all[usize::from(number)];
    if let Some(name) = name {
        name.clone_into(&mut entry.name);
    }
    entry.is_active = is_active.unwrap_or(entry.is_active);
    merchant.tell(merchant.now, Happening::LocationUpdated { store: number });
    Ok(())
}

fn rename_vendor(merchant: &mut Merchant, id: &str, name: &str) -> Result<(), SquareError> {
    let number = index(merchant, Kind::Vendor, id, merchant.suppliers.len())?;
    let supplier = &mut merchant.suppliers[number];
    name.clone_into(&mut supplier.name);
    supplier.updated = merchant.now;
    supplier.version += 1;
    merchant.tell(merchant.now, Happening::VendorUpdated { supplier: number as u16 });
    Ok(())
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
