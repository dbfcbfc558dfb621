//! The truth about a merchant, to compare a client's tables with: read off the world's own records,
//! not off what the API answers.

use serde::{Deserialize, Serialize};

use super::json::decimal;
use super::moment::Moment;
use super::world::CATEGORIES;
use super::world::amounts::LineAmounts;
use super::world::bill::Bill;
use super::world::ids::Kind;
use super::world::merchant::Merchant;
use super::world::orders::{CUSTOM_AMOUNT, LineRecord, State};
use super::world::payments::NONE;
use super::world::refunds::RefundRecord;

/// Everything about a merchant at an instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Oracle {
    /// The merchant.
    pub merchant_id: String,
    /// The currency of all its money.
    pub currency: String,
    /// The simulated time.
    pub at: Moment,
    /// Its stores.
    pub stores: Vec<OracleStore>,
    /// Its variations, deleted ones included.
    pub products: Vec<OracleProduct>,
    /// Every line of every order, in the order in which the vendor heard of them.
    pub lines: Vec<OracleLine>,
    /// Every refund that no order tells of.
    pub refunds: Vec<OracleRefund>,
    /// The latest count of every shelf that has one.
    pub inventory: Vec<OracleLevel>,
    /// The sums of what is completed.
    pub totals: OracleTotals,
}

/// A store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OracleStore {
    /// The location's id.
    pub location_id: String,
    /// Its name.
    pub name: String,
    /// Its time zone.
    pub timezone: String,
    /// Whether it trades.
    pub is_active: bool,
}

/// A variation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OracleProduct {
    /// The variation's id.
    pub variation_id: String,
    /// Its item's id.
    pub item_id: String,
    /// Its item's name.
    pub item_name: String,
    /// Its own name.
    pub name: String,
    /// The name of its category.
    pub category: String,
    /// Its stock-keeping unit.
    pub sku: Option<String>,
    /// Its bar code.
    pub upc: Option<String>,
    /// Its price in the smallest unit, where it is not a store's own.
    pub price: Option<u32>,
    /// Whether it, or its item, is deleted.
    pub is_deleted: bool,
    /// When it changed last.
    pub updated_at: Moment,
}

/// What a line does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OracleLineType {
    /// It sells.
    Sale,
    /// It takes back.
    Return,
}

/// A line of an order. All money is in the smallest unit, and never below nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OracleLine {
    /// The order.
    pub order_id: String,
    /// The line within the order.
    pub uid: String,
    /// What it does.
    pub line_type: OracleLineType,
    /// The order's state, in the vendor's words.
    pub state: String,
    /// The order's version.
    pub version: u16,
    /// The store.
    pub location_id: String,
    /// The variation, or nothing for a sum typed at the till.
    pub variation_id: Option<String>,
    /// What its item was called when it was rung up.
    pub item_name: Option<String>,
    /// How many, as a decimal.
    pub quantity: String,
    /// The price of one.
    pub unit_price: u32,
    /// Price times quantity.
    pub gross: i64,
    /// What was taken off.
    pub discount: i64,
    /// The tax, whether on top or included.
    pub tax: i64,
    /// What the line cost in the end.
    pub total: i64,
    /// The order that sold what this line takes back.
    pub source_order_id: Option<String>,
    /// When the order was made.
    pub created_at: Moment,
    /// When it changed last.
    pub updated_at: Moment,
    /// When it was closed.
    pub closed_at: Option<Moment>,
}

/// Money that went back without goods.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OracleRefund {
    /// The refund.
    pub refund_id: String,
    /// The store.
    pub location_id: String,
    /// How much, in the smallest unit.
    pub amount: i64,
    /// Its status, in the vendor's words.
    pub status: String,
}

/// A count of a shelf.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OracleLevel {
    /// The store.
    pub location_id: String,
    /// The variation.
    pub variation_id: String,
    /// What is there, as a decimal; may be below nothing.
    pub quantity: String,
    /// When it changed last.
    pub calculated_at: Moment,
}

/// Sums over a merchant's orders; lines and money of completed ones only.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OracleTotals {
    /// Orders in any state.
    pub order_count: u64,
    /// Completed orders.
    pub completed_count: u64,
    /// Lines that sell.
    pub sale_line_count: u64,
    /// Lines that take back.
    pub return_line_count: u64,
    /// What was sold for.
    pub sale_total: i64,
    /// What went back for returns.
    pub return_total: i64,
    /// The tax on what was sold.
    pub sale_tax: i64,
    /// Payments.
    pub payment_count: u64,
    /// Refunds in any state.
    pub refund_count: u64,
    /// Bytes that orders, payments, refunds and stock take in memory.
    pub memory_bytes: u64,
}

impl Oracle {
    /// Tells everything about a merchant.
    pub(crate) fn of(merchant: &Merchant) -> Self {
        let stores = (0..merchant.stores.count()).map(|number| store(merchant, number)).collect();
        let variations = 0..merchant.catalog.variations.len() as u32;
        let mut lines = Vec::new();
        for number in 0..merchant.orders.count() {
            add_lines(merchant, number, &mut lines);
        }
        Self {
            merchant_id: merchant.config.id.clone(),
            currency: merchant.market.currency.to_owned(),
            at: merchant.now,
            stores,
            products: variations.map(|number| product(merchant, number)).collect(),
            lines,
            refunds: refunds(merchant),
            inventory: levels(merchant),
            totals: OracleTotals::of(merchant),
        }
    }
}

impl OracleTotals {
    /// Adds up a merchant's orders, without a copy of them.
    pub(crate) fn of(merchant: &Merchant) -> Self {
        let orders = &merchant.orders;
        let mut totals = Self {
            order_count: u64::from(orders.count()),
            payment_count: u64::from(merchant.payments.count()),
            refund_count: merchant.refunds.all().len() as u64,
            memory_bytes: merchant.bytes() as u64,
            ..Self::default()
        };
        for record in (0..orders.count()).map(|number| orders.order(number)) {
            if record.state == State::Completed {
                let bill = Bill::of(merchant, record);
                totals.completed_count += 1;
                totals.sale_line_count += bill.sold.len() as u64;
                totals.return_line_count += bill.returned.len() as u64;
                totals.sale_total += bill.sale.total;
                totals.return_total += bill.back.total;
                totals.sale_tax += bill.sale.tax;
            }
        }
        totals
    }
}

fn store(merchant: &Merchant, number: u16) -> OracleStore {
    let store = merchant.stores.store(number);
    OracleStore {
        location_id: merchant.ids.text(Kind::Location, u64::from(number)).to_string(),
        name: store.name.clone(),
        timezone: store.city.time_zone.to_owned(),
        is_active: store.is_active,
    }
}

fn product(merchant: &Merchant, number: u32) -> OracleProduct {
    let variation = &merchant.catalog.variations[number as usize];
    let item = &merchant.catalog.items[variation.item as usize];
    OracleProduct {
        variation_id: merchant.ids.text(Kind::Variation, u64::from(number)).to_string(),
        item_id: merchant.ids.text(Kind::Item, u64::from(variation.item)).to_string(),
        item_name: item.name().to_owned(),
        name: variation.name.to_owned(),
        category: CATEGORIES[usize::from(item.category)].name.to_owned(),
        sku: variation.sku.clone(),
        upc: variation.upc.clone(),
        price: variation.price,
        is_deleted: variation.meta.is_deleted || item.meta.is_deleted,
        updated_at: variation.meta.updated,
    }
}

fn add_lines(merchant: &Merchant, number: u32, lines: &mut Vec<OracleLine>) {
    let record = merchant.orders.order(number);
    let bill = Bill::of(merchant, record);
    let ids = merchant.ids;
    let line = |line_type, uid: String, line: &LineRecord, amounts: &LineAmounts| {
        let is_return = line_type == OracleLineType::Return;
        let source = (is_return && record.source_order != NONE)
            .then(|| ids.text(Kind::Order, u64::from(record.source_order)).to_string());
        let variation_id = (line.variation != CUSTOM_AMOUNT)
            .then(|| ids.text(Kind::Variation, u64::from(line.variation)).to_string());
        let item_name = (line.variation != CUSTOM_AMOUNT).then(|| {
            let variation = &merchant.catalog.variations[line.variation as usize];
            merchant.catalog.items[variation.item as usize].name_of(line.name).to_owned()
        });
        OracleLine {
            order_id: ids.text(Kind::Order, u64::from(number)).to_string(),
            uid,
            line_type,
            state: record.state.word().to_owned(),
            version: record.version,
            location_id: ids.text(Kind::Location, u64::from(record.store)).to_string(),
            variation_id,
            item_name,
            quantity: decimal(i64::from(line.quantity)),
            unit_price: line.unit_price,
            gross: amounts.gross,
            discount: amounts.discount(),
            tax: amounts.tax,
            total: amounts.total,
            source_order_id: source,
            created_at: record.created,
            updated_at: record.updated,
            closed_at: record.closed.set(),
        }
    };
    let sold = merchant.orders.sold(record).iter().zip(&bill.sold).enumerate();
    lines.extend(sold.map(|(at, (record, amounts))| {
        line(OracleLineType::Sale, format!("li-{}", at + 1), record, amounts)
    }));
    let returned = merchant.orders.returned(record).iter().zip(&bill.returned).enumerate();
    lines.extend(returned.map(|(at, (record, amounts))| {
        line(OracleLineType::Return, format!("rli-{}", at + 1), record, amounts)
    }));
}

fn refunds(merchant: &Merchant) -> Vec<OracleRefund> {
    let all = (0_u64..).zip(merchant.refunds.all());
    let without_goods = all.filter(|(_, record)| !record.is_of_goods);
    let refund = |(number, record): (u64, &RefundRecord)| OracleRefund {
        refund_id: merchant.ids.text(Kind::Refund, number).to_string(),
        location_id: merchant.ids.text(Kind::Location, u64::from(record.store)).to_string(),
        amount: record.amount,
        status: record.status.word().to_owned(),
    };
    without_goods.map(refund).collect()
}

fn levels(merchant: &Merchant) -> Vec<OracleLevel> {
    let level = |(store, variation, count): (u16, u32, super::world::stock::Count)| OracleLevel {
        location_id: merchant.ids.text(Kind::Location, u64::from(store)).to_string(),
        variation_id: merchant.ids.text(Kind::Variation, u64::from(variation)).to_string(),
        quantity: decimal(count.quantity),
        calculated_at: count.calculated,
    };
    merchant.stock.counts().map(level).collect()
}
