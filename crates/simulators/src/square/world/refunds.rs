//! The refunds of a merchant: money that goes back, and takes its time.

use std::collections::HashMap;

use super::payments::NONE;
use crate::square::moment::Moment;

/// The vendor's states of a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RefundStatus {
    Pending,
    Completed,
    Rejected,
    Failed,
}

impl RefundStatus {
    /// Returns the vendor's word.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Completed => "COMPLETED",
            Self::Rejected => "REJECTED",
            Self::Failed => "FAILED",
        }
    }

    /// Returns the word that orders use for the same.
    pub(crate) const fn word_on_orders(self) -> &'static str {
        match self {
            Self::Completed => "APPROVED",
            other => other.word(),
        }
    }

    /// Whether the money goes or went back.
    pub(crate) const fn moves_money(self) -> bool {
        matches!(self, Self::Pending | Self::Completed)
    }
}

/// A refund.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RefundRecord {
    pub(crate) created: Moment,
    /// When its outcome was known, or its creation while it is pending.
    pub(crate) updated: Moment,
    pub(crate) amount: i64,
    /// The payment it goes back to, or [`NONE`] for one without a receipt.
    pub(crate) payment: u32,
    /// The order that takes the goods back, or the one that sold them.
    pub(crate) order: u32,
    pub(crate) store: u16,
    pub(crate) status: RefundStatus,
    pub(crate) reason: &'static str,
    /// Whether an order takes goods back for it.
    pub(crate) is_of_goods: bool,
}

/// All refunds.
#[derive(Debug, Default)]
pub(crate) struct RefundLedger {
    records: Vec<RefundRecord>,
    of_payment: HashMap<u32, Vec<u32>>,
    of_order: HashMap<u32, u32>,
}

impl RefundRecord {
    /// Returns what the status was at an instant.
    pub(crate) fn status_at(&self, moment: Moment) -> RefundStatus {
        if moment < self.updated { RefundStatus::Pending } else { self.status }
    }

    /// Returns when it had last changed by an instant.
    pub(crate) fn updated_at(&self, moment: Moment) -> Moment {
        if moment < self.updated { self.created } else { self.updated }
    }
}

impl RefundLedger {
    /// Returns all refunds in the order of their creation.
    pub(crate) fn all(&self) -> &[RefundRecord] {
        &self.records
    }

    /// Returns a refund.
    pub(crate) fn refund(&self, number: u32) -> &RefundRecord {
        &self.records[number as usize]
    }

    /// Adds a refund and returns its number.
    pub(crate) fn add(&mut self, refund: RefundRecord) -> u32 {
        let number = self.records.len() as u32;
        if refund.payment != NONE {
            self.of_payment.entry(refund.payment).or_default().push(number);
        }
        if refund.is_of_goods {
            self.of_order.insert(refund.order, number);
        }
        self.records.push(refund);
        number
    }

    /// Writes down how a refund went.
    pub(crate) fn settle(&mut self, number: u32, status: RefundStatus, now: Moment) {
        let record = &mut self.records[number as usize];
        record.status = status;
        record.updated = now;
    }

    /// Returns the refunds that go back to a payment.
    pub(crate) fn of_payment(&self, payment: u32) -> &[u32] {
        self.of_payment.get(&payment).map_or(&[], Vec::as_slice)
    }

    /// Returns the refund of an order that takes goods back.
    pub(crate) fn of_order(&self, order: u32) -> Option<u32> {
        self.of_order.get(&order).copied()
    }

    /// Returns what was refunded of a payment by an instant.
    pub(crate) fn refunded(&self, payment: u32, by: Moment) -> i64 {
        self.of_payment(payment)
            .iter()
            .map(|number| self.refund(*number))
            .filter(|refund| refund.created <= by && refund.status_at(by).moves_money())
            .map(|refund| refund.amount)
            .sum()
    }

    /// Returns the bytes that all refunds take, about.
    pub(crate) fn bytes(&self) -> usize {
        self.records.capacity() * size_of::<RefundRecord>()
            + self.of_payment.capacity() * 48
            + self.of_order.capacity() * 12
    }
}
