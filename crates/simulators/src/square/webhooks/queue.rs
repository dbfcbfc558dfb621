//! The webhooks that are still to be sent, in order of time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::retries::RetryReason;
use crate::square::moment::Moment;

/// A webhook to send: small, since its body is made when it is sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Delivery {
    pub(super) due: Moment,
    pub(super) event: u64,
    /// The subscription's number.
    pub(super) subscription: u32,
    /// How many attempts failed.
    pub(super) attempt: u8,
    /// When the first attempt was made, or never.
    pub(super) first: Moment,
    pub(super) reason: Option<RetryReason>,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct DeliveryQueue {
    heap: BinaryHeap<Reverse<Entry>>,
    next_number: u64,
}

/// A webhook with its place in the queue.
#[derive(Debug)]
struct Entry {
    place: (Moment, u64),
    delivery: Delivery,
}

impl DeliveryQueue {
    /// Adds a webhook.
    pub(super) fn add(&mut self, delivery: Delivery) {
        let place = (delivery.due, self.next_number);
        self.next_number += 1;
        self.heap.push(Reverse(Entry { place, delivery }));
    }

    /// Takes the next webhook that is due.
    pub(super) fn take_due(&mut self, now: Moment) -> Option<Delivery> {
        self.heap.peek().filter(|Reverse(entry)| entry.place.0 <= now)?;
        self.heap.pop().map(|Reverse(entry)| entry.delivery)
    }

    /// Returns how many there are.
    pub(super) fn count(&self) -> usize {
        self.heap.len()
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.place == other.place
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.place.cmp(&other.place)
    }
}
