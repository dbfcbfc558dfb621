//! What will happen in a merchant's world, in order of time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::orders::NewOrder;
use super::refunds::RefundStatus;
use crate::square::moment::Moment;

/// Something that will happen.
#[derive(Debug)]
pub(crate) enum Task {
    /// A till that was offline sends a sale.
    Upload(Box<NewOrder>),
    /// A draft becomes an open order.
    Place { order: u32 },
    /// An open order's first line changes its quantity.
    Amend { order: u32 },
    /// An open order is paid and handed out.
    Complete { order: u32 },
    /// An open order is called off.
    Cancel { order: u32 },
    /// Somebody writes a note on a completed order.
    Annotate { order: u32 },
    /// Goods of an order come back.
    Return { order: u32 },
    /// The bank says how a refund went.
    Settle { refund: u32, status: RefundStatus },
    /// A delivery arrives.
    Deliver { store: u16, variation: u32, quantity: i64 },
    /// The nightly round: prices, range, counts, orders to suppliers.
    Night,
}

/// A task with its time; the number keeps tasks of the same time in the order they were set.
#[derive(Debug)]
struct Entry {
    due: (Moment, u64),
    task: Task,
}

/// Everything that will happen.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    heap: BinaryHeap<Reverse<Entry>>,
    next_number: u64,
}

impl Agenda {
    /// Sets a task.
    pub(crate) fn set(&mut self, due: Moment, task: Task) {
        self.heap.push(Reverse(Entry { due: (due, self.next_number), task }));
        self.next_number += 1;
    }

    /// Returns when the next task is due.
    pub(crate) fn next_due(&self) -> Option<Moment> {
        self.heap.peek().map(|Reverse(entry)| entry.due.0)
    }

    /// Takes the next task.
    pub(crate) fn take(&mut self) -> Option<(Moment, Task)> {
        self.heap.pop().map(|Reverse(entry)| (entry.due.0, entry.task))
    }

    /// Returns the bytes that all tasks take, about.
    pub(crate) fn bytes(&self) -> usize {
        self.heap.capacity() * size_of::<Entry>()
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.due == other.due
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
        self.due.cmp(&other.due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_come_by_time_and_then_in_the_order_they_were_set() {
        let mut agenda = Agenda::default();
        agenda.set(Moment(2), Task::Complete { order: 1 });
        agenda.set(Moment(1), Task::Night);
        agenda.set(Moment(2), Task::Cancel { order: 2 });
        assert!(matches!(agenda.take(), Some((Moment(1), Task::Night))));
        assert_eq!(agenda.next_due(), Some(Moment(2)));
        assert!(matches!(agenda.take(), Some((_, Task::Complete { order: 1 }))));
        assert!(matches!(agenda.take(), Some((_, Task::Cancel { order: 2 }))));
        assert!(agenda.take().is_none());
    }
}
