//! What a connector finds out about an integration without reading it.

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use shelfops_ingest::Stream;
use shelfops_ingest::values::Currency;

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckReport {
    /// Who let us in, as the vendor names the tenant.
    pub granted_by: Option<String>,
    /// When the access token ends.
    pub expires_at: Option<Timestamp>,
    /// How many stores the vendor shows us; unknown where the tenant has not granted to list them.
    pub store_count: Option<usize>,
    /// What the tenant has not granted.
    pub missing: Vec<MissingScope>,
}

/// Something that a stream needs and the tenant has not granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MissingScope {
    /// Which stream cannot be read.
    pub stream: Stream,
    /// What must be granted.
    pub scope: &'static str,
}

/// By which of its times an order belongs to a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DayBasis {
    /// When it was made: how our tables count.
    Created,
    /// When it was completed: how vendors' own reports count.
    Closed,
}

/// A store's day as the vendor tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayTotals {
    /// The vendor's id of the store.
    pub store: String,
    /// The day by the store's own clock.
    pub day: Date,
    /// The store's currency.
    pub currency: Currency,
    /// Orders that were not cancelled.
    pub order_count: u64,
    /// Lines sold that we would load.
    pub sale_lines: u64,
    /// Lines returned that we would load.
    pub return_lines: u64,
    /// Records that we could not read.
    pub malformed: u64,
    /// What the lines that we read come to, returns taken off.
    pub net_lines: Decimal,
    /// What the vendor itself says that they come to, order by order, tips left out.
    pub net_orders: Decimal,
    /// Orders whose lines do not come to what the vendor says of them; only so many are named.
    pub uneven: Vec<UnevenOrder>,
    /// How many there are.
    pub uneven_count: u64,
}

/// An order whose lines, as we read them, do not come to what the vendor says that it comes to. Reading it
/// again reads the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnevenOrder {
    /// The vendor's id of it.
    pub order: String,
    /// What the vendor says.
    pub told: Decimal,
    /// What the lines come to.
    pub read: Decimal,
}
