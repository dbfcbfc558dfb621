//! Lists refunds, and keeps those whose goods no order tells.
//!
//! A return with goods is an order of its own and is read there; its refund would count twice. One that
//! was listed before that order was is taken back.

use jiff::{SignedDuration, Timestamp};
use rustc_hash::FxHashSet;

use super::goods_told::goods_told;
use super::progress::next_page;
use super::returns_seen::ReturnsSeen;
use crate::connector::{ConnectorError, JsonPage};
use crate::square::client::{Asked, Call, Client};
use crate::square::map::{self, RefundPart};
use crate::square::wire::{Envelope, PaymentRefund};

/// The most refunds of a page.
const PAGE_LIMIT: u16 = 100;

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

/// A page of the list, and the refunds on it that could be read.
pub(super) struct ListPage {
    body: String,
    pub(super) next: Option<String>,
    pub(super) refunds: Vec<PaymentRefund>,
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
        let ListPage { body, next, mut refunds } = self.list(client, call).await?;
        refunds.retain(|refund| map::is_paid_out(refund) == Ok(true));
        let told = goods_told(client, call, &refunds, seen).await?;
        Ok(RefundsPage { body, next, told })
    }

    /// Fetches a page alone.
    pub(super) async fn list(
        &self,
        client: &Client,
        call: &Call,
    ) -> Result<ListPage, ConnectorError> {
        let ask = |limit| Asked::Get(self.path(limit));
        let body = client.page(call, PAGE_LIMIT, ask).await?.0.body;
        let shape = |reason| call.shape(reason);
        let envelope = Envelope::parse(&body).map_err(shape)?;
        let next = envelope.text("cursor").and_then(|next| next_page(self.page, next));
        let next = next.map_err(shape)?;
        let refunds = envelope.list("refunds").map_err(shape)?.into_iter();
        let refunds = refunds.filter_map(|json| map::parse(json.get()).ok()).collect();
        Ok(ListPage { body, next, refunds })
    }

    fn path(&self, limit: u16) -> String {
        let mut query = form(&[("limit", &limit.to_string()), ("sort_order", "ASC")]);
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
                Ok((true, refund)) if self.is_told(&refund) => {
                    // It may have been listed before the order was.
                    if let Some(withdrawn) = map::no_record(&refund) {
                        page.withdraw(withdrawn);
                    }
                }
                Ok((true, refund)) => page.push(RefundPart, Ok(map::refund_of(&refund))),
                Ok((false, _)) => {}
            }
        }
        Ok(newest)
    }

    fn is_told(&self, refund: &PaymentRefund) -> bool {
        refund.id.as_ref().is_some_and(|id| self.told.contains(id))
    }
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
