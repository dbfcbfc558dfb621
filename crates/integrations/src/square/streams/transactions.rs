//! Transactions: the lines of orders and returns, then refunds without goods, window by window.

use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use shelfops_ingest::Stream;
use shelfops_ingest::source::SourceBlock;

use super::locations::{LocationList, Place, locations};
use super::orders::{OrderSearch, OrderTime, OrdersPage, STORES_AT_ONCE};
use super::refunds::{RefundSearch, RefundTime, RefundsPage};
use super::returns_seen::ReturnsSeen;
use super::tally::Tally;
use super::windows::{Next, Part, Position, Window};
use crate::connector::{Connector as _, ConnectorError, JsonPage, PageReader, Span};
use crate::square::Square;
use crate::square::client::{Call, Client};
use crate::square::map::OrderPart;

/// Before the vendor's first sale, for a store that does not say since when there is one.
const EARLIEST: Timestamp = Timestamp::constant(1_230_768_000, 0);

/// Reads the lines of orders.
pub(super) struct TransactionReader {
    client: Client,
    position: Position,
    span: Option<Span>,
    tally: Tally,
    seen: ReturnsSeen,
    /// Whether the window at hand was begun by a run before: it ends where the present was then.
    is_resumed: bool,
    is_done: bool,
}

/// A page of either kind.
enum Page {
    Orders(OrdersPage),
    Refunds(RefundsPage),
}

impl TransactionReader {
    pub(super) fn new(client: Client, position: Position, span: Option<Span>) -> Self {
        let (tally, seen) = (Tally::default(), ReturnsSeen::default());
        let is_resumed = position.window.is_some() && span.is_none();
        Self { client, position, span, tally, seen, is_resumed, is_done: false }
    }

    async fn next(&mut self) -> Result<Option<SourceBlock>, ConnectorError> {
        if self.is_done {
            return Ok(None);
        }
        if self.position.window.is_none() && !self.open_window().await? {
            self.is_done = true;
            let nothing = JsonPage::<OrderPart>::new();
            return Ok(Some(self.tally.block(nothing, 0, &self.position)));
        }
        let call = self.call("transactions");
        let fetched = self.fetch(&call).await?;
        let until = self.span.map(|span| span.until);
        let block = match fetched {
            Page::Orders(orders) => {
                let mut page = JsonPage::new();
                let newest = orders.push_records(&call, &mut page, &mut self.seen)?;
                self.settle(newest, orders.next, until);
                self.tally.block(page, orders.body.len(), &self.position)
            }
            Page::Refunds(refunds) => {
                let mut page = JsonPage::new();
                let newest = refunds.push_records(&call, &mut page)?;
                self.settle(newest, refunds.next, until);
                self.tally.block(page, refunds.body.len(), &self.position)
            }
        };
        Ok(Some(block))
    }

    fn settle(
        &mut self,
        newest: Option<Timestamp>,
        next: Option<String>,
        until: Option<Timestamp>,
    ) {
        // Behind what was left of another run's window, there is what happened since.
        let is_at_end = self.position.settle(newest, next, until) == Next::End;
        self.is_done = is_at_end && !self.is_resumed;
    }

    /// Begins the next window; `false` when a span is read to its end.
    ///
    /// The stores are listed anew for each: one that opened meanwhile is in the next.
    async fn open_window(&mut self) -> Result<bool, ConnectorError> {
        // What made pages too large is in the window that was read.
        self.client.page_size().restore();
        let list = locations(&self.client, &self.call("the stores of transactions")).await?;
        let reading = self.client.connection().reading();
        let history_from = || self.position.history_from;
        let (overlap, daily) = (self.client.overlap(), self.client.daily_overlap());
        let (start, is_deep) = if let Some(span) = self.span {
            (history_from().unwrap_or(span.from), false)
        } else if let Some(from) = history_from() {
            (from, true)
        } else if let Some(next) = self.position.next_start(overlap, daily) {
            next
        } else {
            (self.first_change(&list).await?, true)
        };
        let end = match self.span {
            Some(span) if start >= span.until => return Ok(false),
            Some(span) => Some(window_end(start, reading.window).min(span.until)),
            // Once history is read, one window reaches to the present. Before, windows end well
            // before it: what is late would else be late for a window that is settled.
            None if self.position.read_up_to.is_some() => None,
            None => Some(window_end(start, reading.window))
                .filter(|end| list.now.duration_since(*end) > reading.deep_overlap),
        };
        let stores = list.stores.into_iter().map(|place| place.id).collect();
        let window = Window::new(start, end, stores, list.now);
        self.position.window = Some(Window { is_deep, ..window });
        self.is_resumed = false;
        Ok(true)
    }

    /// Returns from when on history is read: from the first order on, and no earlier than asked for. Most
    /// stores were made long before, and empty windows cost as many calls as full ones. A refund is younger
    /// than its order.
    async fn first_change(&self, list: &LocationList) -> Result<Timestamp, ConnectorError> {
        let reading = self.client.connection().reading();
        let earliest = first_sale(&list.stores, reading.deep_overlap);
        let from = reading.history_from.unwrap_or(earliest);
        let stores: Vec<String> = list.stores.iter().map(|place| place.id.clone()).collect();
        let call = self.call("the first transactions");
        let mut first: Option<Timestamp> = None;
        for stores in stores.chunks(STORES_AT_ONCE) {
            let time = OrderTime::Updated;
            let search = OrderSearch { stores, time, from, until: None, page: None };
            let found = search.first_change(&self.client, &call).await?;
            first = [first, found].into_iter().flatten().min();
        }
        // Without any order, the present is all there is; what is late comes with the overlap.
        let first = first.unwrap_or(list.now);
        Ok(first.checked_sub(reading.deep_overlap).unwrap_or(first).max(from))
    }

    /// Fetches the page at hand; from where its chain stands when the vendor has forgotten it, and again as
    /// long as pages became smaller meanwhile: smaller ones do not go on where larger ones were, nor do the
    /// lists that are looked into for a page.
    async fn fetch(&mut self, call: &Call) -> Result<Page, ConnectorError> {
        let mut may_begin_again = true;
        loop {
            let before = self.client.page_size().of(u16::MAX);
            let page = self.request(call).await;
            let has_shrunk = self.client.page_size().of(u16::MAX) < before;
            match (page, self.position.window.as_mut()) {
                (Err(ConnectorError::PageForgotten { .. }), Some(window))
                    if has_shrunk || (may_begin_again && window.chain.page.is_some()) =>
                {
                    may_begin_again &= has_shrunk;
                    window.chain.begin_again();
                }
                (page, _) => return page,
            }
        }
    }

    async fn request(&self, call: &Call) -> Result<Page, ConnectorError> {
        let Some(Window { chain, end, .. }) = &self.position.window else {
            return Err(call.shape("no window is open".to_owned()));
        };
        let (from, until, page) = (chain.from, *end, chain.page.as_deref());
        match chain.part {
            Part::Orders(first) => {
                let stores = self.position.window.as_ref().map(|window| window.stores_from(first));
                let stores = stores.unwrap_or_default();
                let search = OrderSearch { stores, time: OrderTime::Updated, from, until, page };
                search.fetch(&self.client, call).await.map(Page::Orders)
            }
            Part::Refunds => {
                let time = RefundTime::Updated;
                let search = RefundSearch { store: None, time, from, until, page };
                search.fetch(&self.client, call, &self.seen).await.map(Page::Refunds)
            }
        }
    }

    fn call(&self, what: &str) -> Call {
        let what = format!("page {} of {what}", self.tally.page_number());
        Call::new(what, Square.scopes(Stream::Transactions))
    }
}

impl PageReader for TransactionReader {
    fn next_page(&mut self) -> BoxFuture<'_, Result<Option<SourceBlock>, ConnectorError>> {
        self.next().boxed()
    }
}

fn window_end(start: Timestamp, length: SignedDuration) -> Timestamp {
    start.checked_add(length.max(SignedDuration::from_hours(1))).unwrap_or(start)
}

/// Returns when the tenant can have sold something first.
fn first_sale(stores: &[Place], lateness: SignedDuration) -> Timestamp {
    let opened = stores.iter().map(|store| store.created_at.unwrap_or(EARLIEST)).min();
    let opened = opened.unwrap_or(EARLIEST);
    opened.checked_sub(lateness).unwrap_or(opened)
}
