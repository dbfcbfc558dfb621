//! Searches orders: of ten stores at most, oldest first, so that what changes meanwhile comes again
//! at the end and is never skipped.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::progress::next_page;
use super::returns_seen::ReturnsSeen;
use crate::connector::{ConnectorError, JsonPage};
use crate::square::client::{Asked, Call, Client};
use crate::square::map::{self, OrderPart};
use crate::square::wire::{Envelope, Order};

/// The most stores that one search may name.
pub(in crate::square) const STORES_AT_ONCE: usize = 10;

/// The most orders of a page.
const PAGE_LIMIT: u16 = 1000;

/// By which of its times an order is found and sorted; both must be the same.
#[derive(Clone, Copy, Debug)]
pub(in crate::square) enum OrderTime {
    /// When it was made.
    Created,
    /// When it was changed last.
    Updated,
    /// When it was completed or cancelled.
    Closed,
}

/// Which orders are wanted.
#[derive(Clone, Debug)]
pub(in crate::square) struct OrderSearch<'a> {
    pub(in crate::square) stores: &'a [String],
    pub(in crate::square) time: OrderTime,
    pub(in crate::square) from: Timestamp,
    /// Included; when none, the vendor's present at the first page.
    pub(in crate::square) until: Option<Timestamp>,
    pub(in crate::square) page: Option<&'a str>,
}

/// A page of orders as text.
pub(in crate::square) struct OrdersPage {
    /// The orders.
    pub(in crate::square) body: String,
    /// The vendor's word for the next page.
    pub(in crate::square) next: Option<String>,
}

impl OrderSearch<'_> {
    /// Fetches a page.
    ///
    /// # Errors
    /// See [`ConnectorError`].
    pub(in crate::square) async fn fetch(
        &self,
        client: &Client,
        call: &Call,
    ) -> Result<OrdersPage, ConnectorError> {
        let most = client.connection().reading().page_size.min(PAGE_LIMIT);
        let ask = |limit| Asked::Post("/v2/orders/search", self.body(limit));
        let body = client.page(call, most, ask).await?.0.body;
        let envelope = Envelope::parse(&body).map_err(|reason| call.shape(reason))?;
        let next = envelope.text("cursor").and_then(|next| next_page(self.page, next));
        let next = next.map_err(|reason| call.shape(reason))?;
        Ok(OrdersPage { body, next })
    }

    /// Fetches when the first of these orders was changed; none when there is no order. Of one that does not
    /// tell, it is known that it was no earlier than asked for.
    ///
    /// # Errors
    /// See [`ConnectorError`].
    pub(super) async fn first_change(
        &self,
        client: &Client,
        call: &Call,
    ) -> Result<Option<Timestamp>, ConnectorError> {
        let body = client.post(call, "/v2/orders/search", &self.body(1)).await?.body;
        let mut first = None;
        OrdersPage { body, next: None }.each_order(call, |order, _| {
            let told = order.ok().and_then(|order| map::instant(order.updated_at.as_deref()));
            first = Some(told.unwrap_or(self.from));
        })?;
        Ok(first)
    }

    fn body(&self, limit: u16) -> Value {
        let (field, sort, states): (_, _, &[&str]) = match self.time {
            OrderTime::Created => ("created_at", "CREATED_AT", &["OPEN", "COMPLETED", "CANCELED"]),
            OrderTime::Updated => ("updated_at", "UPDATED_AT", &["OPEN", "COMPLETED", "CANCELED"]),
            OrderTime::Closed => ("closed_at", "CLOSED_AT", &["COMPLETED", "CANCELED"]),
        };
        let mut span = json!({ "start_at": self.from });
        if let Some(until) = self.until {
            span["end_at"] = json!(until);
        }
        let mut body = json!({
            "location_ids": self.stores,
            "limit": limit,
            "query": {
                "filter": {
                    "date_time_filter": { (field): span },
                    "state_filter": { "states": states },
                },
                "sort": { "sort_field": sort, "sort_order": "ASC" },
            },
        });
        if let Some(page) = self.page {
            body["cursor"] = json!(page);
        }
        body
    }
}

impl OrdersPage {
    /// Hands over each order, or what is wrong with it and its text.
    ///
    /// # Errors
    /// Fails when the page as a whole is not what is documented.
    pub(in crate::square) fn each_order(
        &self,
        call: &Call,
        mut each: impl FnMut(Result<&Order<'_>, shelfops_ingest::source::Malformed>, &str),
    ) -> Result<(), ConnectorError> {
        let envelope = Envelope::parse(&self.body).map_err(|reason| call.shape(reason))?;
        for json in envelope.list("orders").map_err(|reason| call.shape(reason))? {
            let order = map::parse::<Order<'_>>(json.get());
            each(order.as_ref().map_err(Clone::clone), json.get());
        }
        Ok(())
    }

    /// Adds each record to a page, remembers what came back, and returns the newest change.
    ///
    /// # Errors
    /// Fails when the page as a whole is not what is documented.
    pub(super) fn push_records(
        &self,
        call: &Call,
        page: &mut JsonPage<OrderPart>,
        seen: &mut ReturnsSeen,
    ) -> Result<Option<Timestamp>, ConnectorError> {
        let mut newest = None;
        self.each_order(call, |order, text| {
            page.begin_object(text);
            match order {
                Err(malformed) => page.push(OrderPart::Whole, Err(malformed)),
                Ok(order) => {
                    newest = newest.max(map::instant(order.updated_at.as_deref()));
                    seen.learn(order);
                    map::each_record(order, |part, draft| page.push(part, draft));
                    match map::without_lines(order) {
                        None => {}
                        Some(Ok(emptied)) => page.withdraw(emptied),
                        Some(Err(malformed)) => page.push(OrderPart::Whole, Err(malformed)),
                    }
                }
            }
        })?;
        Ok(newest)
    }
}
