//! Lists refunds, and keeps those whose goods no order tells.
//!
//! A return with goods is an order of its own and is read there; its refund would count twice. Which
//! order a refund names, the documents leave open, so both answers are looked for.

use jiff::{SignedDuration, Timestamp};
use rustc_hash::FxHashSet;
use serde_json::json;

use super::orders::{OrderSearch, OrderTime};
use super::progress::next_page;
use super::returns_seen::{ReturnsSeen, SAME_RETURN, has_goods};
use crate::connector::{ConnectorError, JsonPage};
use crate::square::client::{Call, Client};
use crate::square::map::{self, RefundPart};
use crate::square::wire::{Envelope, Order, PaymentRefund};

/// The most refunds of a page, and the most orders that may be asked for by id.
const PAGE_LIMIT: usize = 100;

/// Before any refund: the list would else begin a year ago.
const EARLIEST: Timestamp = Timestamp::constant(1_230_768_000, 0);

/// Whether the list leaves out its first moment is not documented.
const EXCLUSIVE: SignedDuration = SignedDuration::from_millis(1);

/// By which of its times a refund is found.
#[derive(Clone, Copy, Debug)]
pub(in crate::square) enum RefundTime {
    /// When it was made.
    Created,
    /// When it was changed last: a refund is paid out days after it was made.
    Updated,
}

/// Which refunds are wanted.
#[derive(Clone, Debug)]
pub(in crate::square) struct RefundSearch<'a> {
    /// One store's; all stores' when none.
    pub(in crate::square) store: Option<&'a str>,
    pub(in crate::square) time: RefundTime,
    pub(in crate::square) from: Timestamp,
    pub(in crate::square) until: Option<Timestamp>,
    pub(in crate::square) page: Option<&'a str>,
}

/// A page of refunds, with those whose goods an order tells.
pub(in crate::square) struct RefundsPage {
    pub(in crate::square) body: String,
    pub(in crate::square) next: Option<String>,
    told: FxHashSet<String>,
}

impl RefundSearch<'_> {
    /// Fetches a page and whatever tells which of its refunds have goods.
    ///
    /// # Errors
    /// See [`ConnectorError`].
    pub(in crate::square) async fn fetch(
        &self,
        client: &Client,
        call: &Call,
        seen: &ReturnsSeen,
    ) -> Result<RefundsPage, ConnectorError> {
        let body = client.get(call, &self.path()).await?.body;
        let shape = |reason| call.shape(reason);
        let envelope = Envelope::parse(&body).map_err(shape)?;
        let next = envelope.text("cursor").and_then(|next| next_page(self.page, next));
        let next = next.map_err(shape)?;
        let refunds: Vec<PaymentRefund> = envelope
            .list("refunds")
            .map_err(shape)?
            .into_iter()
            .filter_map(|json| map::parse::<PaymentRefund>(json.get()).ok())
            .filter(|refund| map::is_paid_out(refund) == Ok(true))
            .collect();
        let told = goods_told(client, call, &refunds, seen).await?;
        Ok(RefundsPage { body, next, told })
    }

    fn path(&self) -> String {
        let mut query = form(&[("limit", &PAGE_LIMIT.to_string()), ("sort_order", "ASC")]);
        let from = self.from.checked_sub(EXCLUSIVE).unwrap_or(self.from).to_string();
        let until = self.until.map(|until| until.to_string());
        let (begin, end) = match self.time {
            RefundTime::Created => ("begin_time", "end_time"),
            RefundTime::Updated => {
                let earliest = EARLIEST.to_string();
                query += &form(&[("sort_field", "UPDATED_AT"), ("begin_time", &earliest)]);
                ("updated_at_begin_time", "updated_at_end_time")
            }
        };
        query += &form(&[(begin, &from)]);
        if let Some(until) = &until {
            query += &form(&[(end, until)]);
        }
        if let Some(store) = self.store {
            query += &form(&[("location_id", store)]);
        }
        if let Some(page) = self.page {
            query += &form(&[("cursor", page)]);
        }
        format!("/v2/refunds?{}", query.trim_end_matches('&'))
    }
}

impl RefundsPage {
    /// Adds each record to a page and returns the newest change.
    ///
    /// # Errors
    /// Fails when the page as a whole is not what is documented.
    pub(in crate::square) fn push_records(
        &self,
        call: &Call,
        page: &mut JsonPage<RefundPart>,
    ) -> Result<Option<Timestamp>, ConnectorError> {
        let envelope = Envelope::parse(&self.body).map_err(|reason| call.shape(reason))?;
        let mut newest = None;
        for json in envelope.list("refunds").map_err(|reason| call.shape(reason))? {
            page.begin_object(json.get());
            let refund = map::parse::<PaymentRefund>(json.get());
            if let Ok(refund) = &refund {
                newest = newest.max(map::instant(refund.updated_at.as_deref()));
            }
            match refund.and_then(|refund| Ok((map::is_paid_out(&refund)?, refund))) {
                Err(malformed) => page.push(RefundPart, Err(malformed)),
                Ok((true, refund)) if !self.is_told(&refund) => {
                    page.push(RefundPart, Ok(map::refund_of(&refund)));
                }
                Ok(_) => {}
            }
        }
        Ok(newest)
    }

    fn is_told(&self, refund: &PaymentRefund) -> bool {
        refund.id.as_ref().is_some_and(|id| self.told.contains(id))
    }
}

/// Returns the ids of refunds whose goods an order tells.
async fn goods_told(
    client: &Client,
    call: &Call,
    refunds: &[PaymentRefund],
    seen: &ReturnsSeen,
) -> Result<FxHashSet<String>, ConnectorError> {
    let (known, unknown): (Vec<_>, Vec<_>) =
        refunds.iter().partition(|refund| seen.tell_of(refund));
    let mut order_ids: Vec<&str> =
        unknown.iter().filter_map(|refund| refund.order_id.as_deref()).collect();
    order_ids.sort_unstable();
    order_ids.dedup();
    let mut returns = FxHashSet::default();
    for ids in order_ids.chunks(PAGE_LIMIT) {
        let call = Call::new(format!("the orders of {}", call.what), call.scopes);
        let body = json!({ "order_ids": ids });
        let reply = client.post(&call, "/v2/orders/batch-retrieve", &body).await?;
        let envelope = Envelope::parse(&reply.body).map_err(|reason| call.shape(reason))?;
        for json in envelope.list("orders").map_err(|reason| call.shape(reason))? {
            let Ok(order) = map::parse::<Order<'_>>(json.get()) else { continue };
            if has_goods(&order) {
                returns.extend(order.id);
            }
        }
    }
    let mut told: FxHashSet<String> =
        known.into_iter().filter_map(|refund| refund.id.clone()).collect();
    for refund in unknown {
        let Some(id) = &refund.id else { continue };
        let names_return = refund.order_id.as_ref().is_some_and(|order| returns.contains(order));
        if names_return || has_return_beside(client, call, refund).await? {
            told.insert(id.clone());
        }
    }
    Ok(told)
}

/// Whether an order made about the time of the refund tells its goods: one that returns from the
/// order the refund names, or that pays back to the same payment.
async fn has_return_beside(
    client: &Client,
    call: &Call,
    refund: &PaymentRefund,
) -> Result<bool, ConnectorError> {
    let made_at = map::instant(refund.created_at.as_deref());
    let (Some(made_at), Some(store)) = (made_at, &refund.location_id) else { return Ok(false) };
    let stores = [store.clone()];
    let mut page = None;
    loop {
        let search = OrderSearch {
            stores: &stores,
            time: OrderTime::Created,
            from: made_at.checked_sub(SAME_RETURN).unwrap_or(made_at),
            until: made_at.checked_add(SAME_RETURN).ok(),
            page: page.as_deref(),
        };
        let found = search.fetch(client, call).await?;
        let mut is_found = false;
        found.each_order(call, |order, _| {
            is_found |= order.is_ok_and(|order| has_goods(order) && belongs(order, refund));
        })?;
        if is_found || found.next.is_none() {
            return Ok(is_found);
        }
        page = found.next;
    }
}

fn belongs(order: &Order<'_>, refund: &PaymentRefund) -> bool {
    let names = |told: &Option<String>, wanted: &Option<String>| wanted.is_some() && told == wanted;
    let returns = order.returns.iter().flatten();
    let refunds = order.refunds.iter().flatten();
    returns.into_iter().any(|returned| names(&returned.source_order_id, &refund.order_id))
        || refunds.into_iter().any(|paid| names(&paid.tender_id, &refund.payment_id))
}

/// Writes parts of a query, each with `&` behind it.
fn form(parts: &[(&str, &str)]) -> String {
    use std::fmt::Write as _;

    let mut text = String::new();
    for (name, value) in parts {
        text.push_str(name);
        text.push('=');
        for byte in value.bytes() {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
                text.push(char::from(byte));
            } else {
                // Writing to a string never fails.
                let _ = write!(text, "%{byte:02X}");
            }
        }
        text.push('&');
    }
    text
}
