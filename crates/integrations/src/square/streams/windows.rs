//! Where the transactions stream stands: which window of time, which chain of pages, which page.
//!
//! Plain values and no waiting. What is settled rests on the vendor's own times, never on our clock:
//! that one only decides how history is cut into windows.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::orders::STORES_AT_ONCE;

/// How often the deep overlap is read again.
const DEEP_EVERY: SignedDuration = SignedDuration::from_hours(24);

/// Where the transactions stream stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Position {
    /// Everything that was changed before is read; known once history is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) read_up_to: Option<Timestamp>,
    /// The newest change that any record told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) newest: Option<Timestamp>,
    /// Where `read_up_to` stood when the deep overlap was read last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) deep_at: Option<Timestamp>,
    /// Where the next window of history begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) history_from: Option<Timestamp>,
    /// The window that is being read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) window: Option<Window>,
}

/// A span of changes, read for every store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Window {
    /// Its first moment.
    pub(super) start: Timestamp,
    /// Its last moment; none for the one that reaches to the present.
    pub(super) end: Option<Timestamp>,
    /// The stores that are read.
    pub(super) stores: Vec<String>,
    /// The vendor's time when it was begun.
    pub(super) opened_at: Timestamp,
    /// Whether it reaches back over the deep overlap.
    pub(super) is_deep: bool,
    /// The chain that is being read.
    pub(super) chain: Chain,
}

/// Pages that belong together, oldest change first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Chain {
    /// What it reads.
    pub(super) part: Part,
    /// From which change on it was asked for.
    pub(super) from: Timestamp,
    /// The newest change on the pages read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) reached: Option<Timestamp>,
    /// The vendor's word for the next page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) page: Option<String>,
}

/// What a chain reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Part {
    /// Orders of the stores from this one on, as many as may be asked for at once.
    Orders(usize),
    /// Refunds of all stores.
    Refunds,
}

/// What lies behind a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Another page, chain or window.
    More,
    /// Nothing: all is read.
    End,
}

impl Window {
    /// Begins a window at its first chain.
    pub(super) fn new(
        start: Timestamp,
        end: Option<Timestamp>,
        stores: Vec<String>,
        opened_at: Timestamp,
    ) -> Self {
        let part = if stores.is_empty() { Part::Refunds } else { Part::Orders(0) };
        let chain = Chain { part, from: start, reached: None, page: None };
        Self { start, end, stores, opened_at, is_deep: false, chain }
    }

    /// Returns the stores that are asked for at once from this one on.
    pub(super) fn stores_from(&self, first: usize) -> &[String] {
        let rest = self.stores.get(first..).unwrap_or_default();
        &rest[..rest.len().min(STORES_AT_ONCE)]
    }

    /// Goes to the next chain; `false` behind the last.
    fn next_chain(&mut self) -> bool {
        let part = match self.chain.part {
            Part::Orders(first) if first + STORES_AT_ONCE < self.stores.len() => {
                Part::Orders(first + STORES_AT_ONCE)
            }
            Part::Orders(_) => Part::Refunds,
            Part::Refunds => return false,
        };
        self.chain = Chain { part, from: self.start, reached: None, page: None };
        true
    }
}

impl Chain {
    /// Begins again where the pages read so far end: the vendor has forgotten the next one. What
    /// changed at the very same time is read twice.
    pub(super) fn begin_again(&mut self) {
        self.from = self.reached.unwrap_or(self.from).max(self.from);
        self.page = None;
    }
}

impl Position {
    /// Returns where the next window begins, and whether it reaches back over the deep overlap.
    pub(super) fn next_start(
        &self,
        overlap: SignedDuration,
        daily_overlap: Option<SignedDuration>,
    ) -> Option<(Timestamp, bool)> {
        let read = self.read_up_to?;
        let is_due = self.deep_at.is_none_or(|deep| read.duration_since(deep) >= DEEP_EVERY);
        let deep = daily_overlap.filter(|_| is_due);
        Some((read.checked_sub(deep.unwrap_or(overlap)).unwrap_or(read), deep.is_some()))
    }

    /// Settles a page: `newest` is the newest change on it, `next` the vendor's word for the one
    /// behind it.
    pub(super) fn settle(
        &mut self,
        newest: Option<Timestamp>,
        next: Option<String>,
        until: Option<Timestamp>,
    ) -> Next {
        self.newest = self.newest.max(newest);
        let Some(window) = self.window.as_mut() else { return Next::End };
        window.chain.reached = window.chain.reached.max(newest);
        window.chain.page = next;
        if window.chain.page.is_some() || window.next_chain() {
            return Next::More;
        }
        let Some(Window { end, opened_at, is_deep, .. }) = self.window.take() else {
            return Next::End;
        };
        match end {
            Some(end) if until != Some(end) => {
                self.history_from = Some(end);
                Next::More
            }
            Some(end) => {
                self.history_from = Some(end);
                Next::End
            }
            None => {
                // Stores that were asked first may have changed while the others were read.
                self.history_from = None;
                self.read_up_to =
                    self.read_up_to.max(self.newest.map(|newest| newest.min(opened_at)));
                if is_deep {
                    self.deep_at = self.read_up_to;
                }
                Next::End
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: i8) -> Timestamp {
        jiff::civil::date(2026, 11, 20)
            .at(hour, 0, 0, 0)
            .to_zoned_datetime(jiff::tz::TimeZone::UTC)
            .unwrap()
            .timestamp()
    }

    fn stores(count: usize) -> Vec<String> {
        (0..count).map(|number| format!("L{number:02}")).collect()
    }

    fn position(end: Option<Timestamp>, count: usize) -> Position {
        let window = Window::new(at(1), end, stores(count), at(9));
        Position { window: Some(window), ..Position::default() }
    }

    #[test]
    fn each_ten_stores_have_a_chain_and_refunds_come_last() {
        let mut position = position(None, 21);
        let mut parts = Vec::new();
        loop {
            let window = position.window.as_ref().unwrap();
            parts.push((
                window.chain.part,
                window
                    .stores_from(match window.chain.part {
                        Part::Orders(first) => first,
                        Part::Refunds => 99,
                    })
                    .len(),
            ));
            if position.settle(None, None, None) == Next::End {
                break;
            }
        }
        assert_eq!(
            parts,
            [
                (Part::Orders(0), 10),
                (Part::Orders(10), 10),
                (Part::Orders(20), 1),
                (Part::Refunds, 0)
            ]
        );
    }

    #[test]
    fn the_mark_rests_on_what_records_told_and_on_the_vendors_clock() {
        let mut busy = position(None, 1);
        busy.settle(Some(at(11)), None, None);
        assert_eq!(busy.settle(None, None, None), Next::End);
        assert_eq!(busy.read_up_to, Some(at(9)), "others may have changed after it was begun");
        let mut quiet = position(None, 1);
        quiet.settle(Some(at(3)), None, None);
        quiet.settle(None, None, None);
        assert_eq!(quiet.read_up_to, Some(at(3)));
        let mut empty = position(None, 1);
        empty.settle(None, None, None);
        empty.settle(None, None, None);
        assert_eq!(empty.read_up_to, None);
    }

    #[test]
    fn a_window_of_history_leads_to_the_next_and_a_span_ends() {
        let mut history = position(Some(at(4)), 1);
        history.settle(None, None, None);
        assert_eq!(history.settle(None, None, None), Next::More);
        assert_eq!((history.history_from, history.read_up_to), (Some(at(4)), None));
        let mut span = position(Some(at(4)), 1);
        span.settle(None, None, Some(at(4)));
        assert_eq!(span.settle(None, None, Some(at(4))), Next::End);
    }

    #[test]
    fn a_forgotten_page_begins_again_where_reading_ended() {
        let mut position = position(None, 1);
        position.settle(Some(at(5)), Some("page-2".to_owned()), None);
        let chain = &mut position.window.as_mut().unwrap().chain;
        chain.begin_again();
        assert_eq!((chain.from, chain.page.as_deref()), (at(5), None));
    }

    #[test]
    fn days_of_lateness_are_read_again_once_a_day() {
        let (overlap, deep) = (SignedDuration::from_hours(1), SignedDuration::from_hours(73));
        let mut position = Position { read_up_to: Some(at(12)), ..Position::default() };
        assert_eq!(position.next_start(overlap, Some(deep)), Some((at(12) - deep, true)));
        assert_eq!(position.next_start(overlap, None), Some((at(11), false)), "nobody asked");
        position.deep_at = Some(at(2));
        assert_eq!(position.next_start(overlap, Some(deep)), Some((at(11), false)));
        assert_eq!(Position::default().next_start(overlap, Some(deep)), None);
    }
}
