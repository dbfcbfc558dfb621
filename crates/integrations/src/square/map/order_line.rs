//! One line of an order, sold or returned, as a transaction.

use jiff::SignedDuration;
use rust_decimal::Decimal;
use shelfops_ingest::records::{Draft, TransactionDraft, TransactionType};
use shelfops_ingest::source::Malformed;
use shelfops_ingest::values::{Currency, Field, Moment, Text};

use super::product::{self, CUSTOM_AMOUNT, GIFT_CARD, SERVICE_CHARGE};
use super::unit_price::{self, LinePrice};
use super::{amount, field, money};
use crate::square::wire::{Line, Order, ServiceCharge};

/// What the lines of an order share.
#[derive(Clone, Debug)]
pub(super) struct Head {
    order_id: Field<Text>,
    store: Field<Text>,
    occurred_at: Field<Moment>,
    updated_at: Field<Moment>,
    line_count: u32,
}

impl Head {
    /// Reads it. The time of a line is that of its order's creation, which never changes: a sale
    /// made offline is days older than its arrival.
    pub(super) fn of(order: &Order<'_>, line_count: usize) -> Self {
        Self {
            order_id: field::text(order.id.as_deref()),
            store: field::text(order.location_id.as_deref()),
            occurred_at: field::moment(order.created_at.as_deref()),
            updated_at: changed_at(order),
            line_count: u32::try_from(line_count).unwrap_or(u32::MAX),
        }
    }

    /// Names a line: a line's own id is unique within its order only, and within its kind.
    fn external_id(&self, kind: &str, uid: Option<&str>) -> Field<Text> {
        match (self.order_id.value(), uid.map(str::trim).filter(|uid| !uid.is_empty())) {
            (Some(order), Some(uid)) => field::text(Some(&format!("{order}/{kind}{uid}"))),
            _ => Field::Absent,
        }
    }

    fn draft(&self, kind: TransactionType) -> TransactionDraft {
        TransactionDraft {
            order_id: self.order_id.clone(),
            store: self.store.clone(),
            occurred_at: self.occurred_at.clone(),
            transaction_type: Field::Value(kind),
            updated_at: self.updated_at.clone(),
            order_lines: Some(self.line_count),
            ..TransactionDraft::default()
        }
    }
}

/// Returns when an order was changed last. Of two versions of one millisecond, which is all that the vendor
/// tells, the later one is newer: the version is in the microseconds.
pub(super) fn changed_at(order: &Order<'_>) -> Field<Moment> {
    match field::moment(order.updated_at.as_deref()) {
        Field::Value(told) => {
            let version = SignedDuration::from_micros(order.version.unwrap_or(0).clamp(0, 999));
            let instant = told.instant.checked_add(version).unwrap_or(told.instant);
            Field::Value(Moment::exact(instant))
        }
        other => other,
    }
}

/// Where in its order a line stands.
#[derive(Clone, Copy, Debug)]
pub(super) enum Side {
    /// Among what was sold.
    Sold,
    /// Among what came back.
    Returned,
}

impl Side {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Sold => "",
            Self::Returned => "return/",
        }
    }
}

/// Reads a line of goods.
///
/// # Errors
/// Refuses a kind of line that is not documented, and amounts in several currencies.
pub(super) fn goods(
    head: &Head,
    side: Side,
    kind: TransactionType,
    line: &Line,
) -> Result<Draft, Malformed> {
    let amounts = [
        line.total_money.as_ref(),
        line.base_price_money.as_ref(),
        line.gross_sales_money.as_ref(),
        line.total_tax_money.as_ref(),
        line.total_discount_money.as_ref(),
        line.total_service_charge_money.as_ref(),
    ];
    let currency = money::shared_currency(amounts)?;
    let mut draft = head.draft(kind);
    draft.external_id = head.external_id(side.prefix(), line.uid.as_deref());
    let (variation, stand_in) = (variation_of(line), stand_in(line)?);
    draft.product = field::text(Some(variation.unwrap_or(stand_in)));
    if variation.is_some() {
        // The catalogue may have forgotten it. What staff typed for an amount names no product.
        draft.product_name = product::name(line.name.as_deref(), line.variation_name.as_deref());
    }
    draft.quantity = field::number(line.quantity.as_deref());
    draft.total_amount = money::required(line.total_money.as_ref(), &currency);
    if let Some(known) = currency.value().copied() {
        set_amounts(&mut draft, line, known);
    }
    draft.currency = currency;
    Ok(Draft::Transaction(Box::new(draft)))
}

/// Reads a charge for service: money of the order that no line of goods has.
///
/// # Errors
/// Refuses amounts in several currencies.
pub(super) fn charge(
    head: &Head,
    side: Side,
    kind: TransactionType,
    charge: &ServiceCharge,
) -> Result<Draft, Malformed> {
    let told = charge.total_money.as_ref().or(charge.applied_money.as_ref());
    let currency = money::shared_currency([told, charge.total_tax_money.as_ref()])?;
    let mut draft = head.draft(kind);
    draft.external_id =
        head.external_id(&format!("{}charge/", side.prefix()), charge.uid.as_deref());
    draft.product = field::text(Some(SERVICE_CHARGE));
    draft.quantity = Field::Value(Decimal::ONE);
    draft.total_amount = money::required(told, &currency);
    if let Some(known) = currency.value().copied() {
        let tax = amount(charge.total_tax_money.as_ref(), known);
        let total = draft.total_amount.value().copied();
        draft.unit_price = total.map(|total| total - tax.unwrap_or_default()).into();
        draft.tax_amount = tax.into();
    }
    draft.currency = currency;
    Ok(Draft::Transaction(Box::new(draft)))
}

fn set_amounts(draft: &mut TransactionDraft, line: &Line, currency: Currency) {
    let discount = amount(line.total_discount_money.as_ref(), currency);
    let tax = amount(line.total_tax_money.as_ref(), currency);
    // Service charges are lines of their own; where the vendor spreads them over the goods, they
    // would count twice.
    let spread = amount(line.total_service_charge_money.as_ref(), currency).unwrap_or_default();
    let total = amount(line.total_money.as_ref(), currency).map(|total| total - spread);
    draft.discount_amount = discount.into();
    draft.tax_amount = tax.into();
    draft.total_amount = total.into();
    if let (Some(total), Some(quantity)) = (total, draft.quantity.value()) {
        let price = LinePrice {
            quantity: *quantity,
            base: amount(line.base_price_money.as_ref(), currency),
            gross: amount(line.gross_sales_money.as_ref(), currency),
            discount: discount.unwrap_or_default(),
            tax: tax.unwrap_or_default(),
            total,
            unit: Decimal::new(1, currency.decimals()),
        };
        draft.unit_price = unit_price::of(price).into();
    }
}

/// Returns the variation that a line sold.
fn variation_of(line: &Line) -> Option<&str> {
    line.catalog_object_id.as_deref().map(str::trim).filter(|id| !id.is_empty())
}

/// Returns what stands in for a variation.
fn stand_in(line: &Line) -> Result<&'static str, Malformed> {
    match line.item_type.as_deref() {
        None | Some("ITEM" | "CUSTOM_AMOUNT") => Ok(CUSTOM_AMOUNT),
        Some("GIFT_CARD") => Ok(GIFT_CARD),
        Some(_) => field::malformed("its item_type is not known"),
    }
}
