//! The orders of a merchant, stored compactly.
//!
//! **Memory.** An order is a record of 48 bytes and 16 bytes a line; its payment is 24 bytes.
//! Five indexes by time of 4 bytes each find them. With the 2.4 lines of an average basket that is
//! about 130 bytes an order; measured over a day of a million, with the room that lists keep to
//! grow, stock and plans, it was 193. Ninety days at 6,000 orders a day took 108 MB. What the
//! vendor's JSON has beyond that is worked out when an order is asked for.

use super::minute_index::MinuteIndex;
use super::payments::NONE;
use crate::square::moment::Moment;

/// The number of a variation in lines that have none: a sum typed at the till.
pub(crate) const CUSTOM_AMOUNT: u32 = u32::MAX;

/// The vendor's states of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum State {
    Open,
    Completed,
    Canceled,
    Draft,
}

impl State {
    /// Returns the vendor's word.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::Completed => "COMPLETED",
            Self::Canceled => "CANCELED",
            Self::Draft => "DRAFT",
        }
    }

    /// Reads the vendor's word.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        let all = [Self::Open, Self::Completed, Self::Canceled, Self::Draft];
        all.into_iter().find(|state| state.word() == word)
    }

    /// Whether an order in this state changes no more.
    pub(crate) const fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::Canceled)
    }
}

/// Where an order was rung up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Channel {
    /// At the till.
    Till,
    /// At a till without a connection, and sent later.
    OfflineTill,
    /// In the web shop, through the vendor's API.
    Online,
}

impl Channel {
    /// Returns the name of the order's source.
    pub(crate) const fn source_name(self) -> &'static str {
        match self {
            Self::Till | Self::OfflineTill => "Square Point of Sale",
            Self::Online => "Square Online",
        }
    }
}

/// A line of a sale or return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LineRecord {
    pub(crate) variation: u32,
    /// In thousandths.
    pub(crate) quantity: u32,
    pub(crate) unit_price: u32,
    /// What the week's promotion takes off, in percent.
    pub(crate) percent_off: u8,
    pub(crate) is_taxed: bool,
    /// The line of the source order that this returns.
    pub(crate) source: u8,
    /// Which of its item's names it was rung up under: orders tell that one, whatever it is called since.
    pub(crate) name: u8,
}

/// An order without its lines.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OrderRecord {
    pub(crate) created: Moment,
    pub(crate) updated: Moment,
    pub(crate) closed: Moment,
    first_line: u32,
    /// The order whose goods come back, or [`NONE`].
    pub(crate) source_order: u32,
    /// The payment, or [`NONE`].
    pub(crate) payment: u32,
    pub(crate) store: u16,
    pub(crate) version: u16,
    /// What is taken off the whole order, in the currency's smallest unit.
    pub(crate) coupon: u16,
    line_count: u8,
    return_count: u8,
    pub(crate) state: State,
    pub(crate) channel: Channel,
    pub(crate) is_cash: bool,
    /// Whether goods of this order came back already.
    pub(crate) is_returned: bool,
}

/// An order to add.
#[derive(Debug)]
pub(crate) struct NewOrder {
    pub(crate) store: u16,
    pub(crate) channel: Channel,
    pub(crate) state: State,
    pub(crate) created: Moment,
    pub(crate) closed: Moment,
    pub(crate) is_cash: bool,
    pub(crate) coupon: u16,
    pub(crate) lines: Vec<LineRecord>,
    pub(crate) returns: Vec<LineRecord>,
    pub(crate) source_order: Option<u32>,
}

/// The times that orders can be found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OrderTime {
    Created,
    Updated,
    Closed,
}

/// All orders.
#[derive(Debug, Default)]
pub(crate) struct OrderBook {
    records: Vec<OrderRecord>,
    lines: Vec<LineRecord>,
    by_created: MinuteIndex,
    by_updated: MinuteIndex,
    by_closed: MinuteIndex,
}

impl OrderRecord {
    /// Returns one of the order's times.
    pub(crate) const fn time(&self, time: OrderTime) -> Moment {
        match time {
            OrderTime::Created => self.created,
            OrderTime::Updated => self.updated,
            OrderTime::Closed => self.closed,
        }
    }

    /// Whether goods come back with this order.
    pub(crate) const fn has_returns(&self) -> bool {
        self.return_count > 0
    }
}

impl OrderBook {
    /// Returns how many orders there are.
    pub(crate) fn count(&self) -> u32 {
        self.records.len() as u32
    }

    /// Returns an order.
    pub(crate) fn order(&self, number: u32) -> &OrderRecord {
        &self.records[number as usize]
    }

    /// Returns the lines that an order sells.
    pub(crate) fn sold(&self, order: &OrderRecord) -> &[LineRecord] {
        let first = order.first_line as usize;
        &self.lines[first..first + usize::from(order.line_count)]
    }

    /// Returns the lines that an order takes back.
    pub(crate) fn returned(&self, order: &OrderRecord) -> &[LineRecord] {
        let first = order.first_line as usize + usize::from(order.line_count);
        &self.lines[first..first + usize::from(order.return_count)]
    }

    /// Adds an order that the vendor hears of at `now`, and returns its number.
    pub(crate) fn add(&mut self, new: NewOrder, now: Moment) -> u32 {
        let number = self.count();
        let first_line = self.lines.len() as u32;
        self.lines.extend_from_slice(&new.lines);
        self.lines.extend_from_slice(&new.returns);
        let version = if new.closed.is_set() { 4 } else { 1 };
        self.records.push(OrderRecord {
            created: new.created,
            updated: now,
            closed: new.closed,
            first_line,
            source_order: new.source_order.unwrap_or(NONE),
            payment: NONE,
            store: new.store,
            version,
            coupon: new.coupon,
            line_count: new.lines.len() as u8,
            return_count: new.returns.len() as u8,
            state: new.state,
            channel: new.channel,
            is_cash: new.is_cash,
            is_returned: false,
        });
        self.by_created.insert(new.created, number);
        self.by_updated.insert(now, number);
        if new.closed.is_set() {
            self.by_closed.insert(new.closed, number);
        }
        number
    }

    /// Changes an order: its version rises and it counts as updated now.
    pub(crate) fn change(&mut self, number: u32, now: Moment, edit: impl FnOnce(&mut OrderRecord)) {
        let record = &mut self.records[number as usize];
        let before = *record;
        edit(record);
        record.version = record.version.saturating_add(1);
        record.updated = now;
        let closed = record.closed;
        self.by_updated.remove(before.updated, number);
        self.by_updated.insert(now, number);
        if closed.is_set() && !before.closed.is_set() {
            self.by_closed.insert(closed, number);
        }
    }

    /// Writes down the payment of an order.
    pub(crate) fn set_payment(&mut self, number: u32, payment: u32) {
        self.records[number as usize].payment = payment;
    }

    /// Writes down that goods of an order came back; the vendor does not count that as a change.
    pub(crate) fn set_returned(&mut self, number: u32) {
        self.records[number as usize].is_returned = true;
    }

    /// Returns a line that an order sells, to change it.
    pub(crate) fn line_mut(&mut self, number: u32, line: usize) -> Option<&mut LineRecord> {
        let order = self.records[number as usize];
        let is_sold = line < usize::from(order.line_count);
        is_sold.then(|| &mut self.lines[order.first_line as usize + line])
    }

    /// Takes the last line off an order that takes none back; says whether there was one.
    pub(crate) fn drop_last_line(&mut self, number: u32) -> bool {
        let order = &mut self.records[number as usize];
        // Lines that come back follow those that are sold.
        let can_lose = order.line_count > 0 && order.return_count == 0;
        if can_lose {
            order.line_count -= 1;
        }
        can_lose
    }

    /// Visits the orders of a window in order of time until told to stop.
    pub(crate) fn scan(
        &self,
        by: OrderTime,
        window: (Moment, Moment),
        is_ascending: bool,
        visit: impl FnMut((Moment, u32)) -> bool,
    ) {
        let index = match by {
            OrderTime::Created => &self.by_created,
            OrderTime::Updated => &self.by_updated,
            OrderTime::Closed => &self.by_closed,
        };
        let time = |number: u32| self.order(number).time(by);
        if is_ascending {
            index.ascend(window, time, visit);
        } else {
            index.descend(window, time, visit);
        }
    }

    /// Returns the bytes that all orders take.
    pub(crate) fn bytes(&self) -> usize {
        self.records.capacity() * size_of::<OrderRecord>()
            + self.lines.capacity() * size_of::<LineRecord>()
            + [&self.by_created, &self.by_updated, &self.by_closed]
                .map(MinuteIndex::bytes)
                .iter()
                .sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_as_small_as_they_are_said_to_be() {
        assert_eq!(size_of::<OrderRecord>(), 48);
        assert_eq!(size_of::<LineRecord>(), 16);
    }
}
