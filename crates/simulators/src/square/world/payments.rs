//! The payments of a merchant: one for each order that took money.

use super::minute_index::MinuteIndex;
use crate::square::moment::Moment;

/// The number that stands for no record.
pub(crate) const NONE: u32 = u32::MAX;

/// How long before its completion a payment was begun, in milliseconds.
pub(crate) const COMPLETION: i64 = 85;

/// A payment; what it is of stands in its order.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PaymentRecord {
    pub(crate) created: Moment,
    pub(crate) updated: Moment,
    pub(crate) order: u32,
}

/// The times that payments can be found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PaymentTime {
    Created,
    Updated,
}

/// All payments.
#[derive(Debug, Default)]
pub(crate) struct PaymentLedger {
    records: Vec<PaymentRecord>,
    by_created: MinuteIndex,
    by_updated: MinuteIndex,
}

impl PaymentLedger {
    /// Returns how many payments there are.
    pub(crate) fn count(&self) -> u32 {
        self.records.len() as u32
    }

    /// Returns a payment.
    pub(crate) fn payment(&self, number: u32) -> &PaymentRecord {
        &self.records[number as usize]
    }

    /// Adds a payment that completes now, and returns its number.
    pub(crate) fn add(&mut self, order: u32, now: Moment) -> u32 {
        let number = self.count();
        let created = now.plus(-COMPLETION);
        self.records.push(PaymentRecord { created, updated: now, order });
        self.by_created.insert(created, number);
        self.by_updated.insert(now, number);
        number
    }

    /// Counts a payment as updated now.
    pub(crate) fn touch(&mut self, number: u32, now: Moment) {
        let record = &mut self.records[number as usize];
        self.by_updated.remove(record.updated, number);
        self.by_updated.insert(now, number);
        record.updated = now;
    }

    /// Visits the payments of a window in order of time until told to stop.
    pub(crate) fn scan(
        &self,
        by: PaymentTime,
        window: (Moment, Moment),
        is_ascending: bool,
        visit: impl FnMut((Moment, u32)) -> bool,
    ) {
        let index = match by {
            PaymentTime::Created => &self.by_created,
            PaymentTime::Updated => &self.by_updated,
        };
        let time = |number: u32| match by {
            PaymentTime::Created => self.payment(number).created,
            PaymentTime::Updated => self.payment(number).updated,
        };
        if is_ascending {
            index.ascend(window, time, visit);
        } else {
            index.descend(window, time, visit);
        }
    }

    /// Returns the bytes that all payments take.
    pub(crate) fn bytes(&self) -> usize {
        self.records.capacity() * size_of::<PaymentRecord>()
            + self.by_created.bytes()
            + self.by_updated.bytes()
    }
}
