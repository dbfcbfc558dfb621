//! Finds the refunds whose goods an order tells.
//!
//! Which order a refund names, the documents leave open, so both answers are looked for. Where it is not
//! the return itself, what joins them is time and amount, and each return pays back once.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use rustc_hash::FxHashSet;
use serde_json::json;

use super::orders::{OrderSearch, OrderTime};
use super::refunds::{RefundSearch, RefundTime};
use super::returns_seen::{Goods, PaidBack, ReturnsSeen, SAME_RETURN, tells_goods_of};
use crate::connector::ConnectorError;
use crate::square::client::{Asked, Call, Client};
use crate::square::map;
use crate::square::wire::{Envelope, Order, PaymentRefund};

/// The most orders that may be asked for by id.
const IDS_AT_ONCE: u16 = 100;

/// Refunds no further apart than this are looked for together: one list costs less than two, and more
/// than this of a busy merchant's day is many pages.
const TOGETHER: SignedDuration = SignedDuration::from_hours(1);

/// How far around a refund others are looked for, and the returns that they may be for.
const AROUND: SignedDuration = SignedDuration::from_mins(15);

/// A refund that some returns may have paid back.
type Candidate<'r> = (&'r PaymentRefund, Vec<PaidBack>);

/// Returns the ids of refunds whose goods an order tells.
///
/// # Errors
/// See [`ConnectorError`].
pub(super) async fn goods_told(
    client: &Client,
    call: &Call,
    refunds: &[PaymentRefund],
    seen: &ReturnsSeen,
) -> Result<FxHashSet<String>, ConnectorError> {
    let mut told = FxHashSet::default();
    let mut open = Vec::new();
    for refund in refunds {
        match seen.goods_of(refund) {
            Goods::Told => told.extend(id_of(refund)),
            // What was seen need not be all: the return that it names may be on no page of these.
            Goods::Alike(_) | Goods::Unknown => open.push(refund),
        }
    }
    told.extend(told_by_name(client, call, &open).await?);
    open.retain(|refund| refund.id.as_ref().is_none_or(|id| !told.contains(id)));
    let mut candidates: Vec<Candidate<'_>> = Vec::new();
    for refund in open {
        let mut goods = seen.goods_of(refund);
        if matches!(goods, Goods::Unknown) {
            goods = returns_beside(client, call, refund, SAME_RETURN).await?.goods_of(refund);
        }
        match goods {
            Goods::Told => told.extend(id_of(refund)),
            Goods::Alike(paid) => candidates.push((refund, paid)),
            Goods::Unknown => {}
        }
    }
    if candidates.is_empty() {
        return Ok(told);
    }
    let others = refunds_beside(client, call, &candidates).await?;
    for (refund, paid) in candidates {
        let is_told = is_covered(refund, &paid, &others) || {
            // Those that went before it may have been paid for by returns that do not fit this one.
            let beside = returns_beside(client, call, refund, AROUND).await?;
            is_covered(refund, &beside.joined_to(refund), &others)
        };
        if is_told {
            told.extend(id_of(refund));
        }
    }
    Ok(told)
}

fn id_of(refund: &PaymentRefund) -> Option<String> {
    refund.id.clone()
}

/// Returns the ids of refunds that name the order which took the goods back.
async fn told_by_name(
    client: &Client,
    call: &Call,
    refunds: &[&PaymentRefund],
) -> Result<Vec<String>, ConnectorError> {
    let mut order_ids: Vec<&str> =
        refunds.iter().filter_map(|refund| refund.order_id.as_deref()).collect();
    order_ids.sort_unstable();
    order_ids.dedup();
    let mut told = Vec::new();
    let call = Call::new(format!("the orders of {}", call.what), call.scopes);
    let mut rest = &order_ids[..];
    while !rest.is_empty() {
        let most = u16::try_from(rest.len()).unwrap_or(u16::MAX).min(IDS_AT_ONCE);
        let ask = |limit| {
            let body = json!({ "order_ids": rest[..usize::from(limit)] });
            Asked::Post("/v2/orders/batch-retrieve", body)
        };
        let (reply, asked) = client.page(&call, most, ask).await?;
        rest = &rest[usize::from(asked)..];
        let envelope = Envelope::parse(&reply.body).map_err(|reason| call.shape(reason))?;
        for json in envelope.list("orders").map_err(|reason| call.shape(reason))? {
            let Ok(order) = map::parse::<Order<'_>>(json.get()) else { continue };
            let its = refunds.iter().filter(|refund| {
                order.id.is_some() && refund.order_id == order.id && tells_goods_of(&order, refund)
            });
            told.extend(its.filter_map(|refund| id_of(refund)));
        }
    }
    Ok(told)
}

/// Returns the returns that were made at the store within so long of a refund.
async fn returns_beside(
    client: &Client,
    call: &Call,
    refund: &PaymentRefund,
    within: SignedDuration,
) -> Result<ReturnsSeen, ConnectorError> {
    let mut beside = ReturnsSeen::default();
    let made_at = map::instant(refund.created_at.as_deref());
    let (Some(made_at), Some(store)) = (made_at, &refund.location_id) else { return Ok(beside) };
    let stores = [store.clone()];
    let mut page = None;
    loop {
        let search = OrderSearch {
            stores: &stores,
            time: OrderTime::Created,
            from: made_at.checked_sub(within).unwrap_or(made_at),
            until: made_at.checked_add(within).ok(),
            page: page.as_deref(),
        };
        let found = search.fetch(client, call).await?;
        found.each_order(call, |order, _| {
            if let Ok(order) = order {
                beside.learn(order);
            }
        })?;
        if found.next.is_none() {
            return Ok(beside);
        }
        page = found.next;
    }
}

/// Returns all refunds that were made about the time of these, whatever became of them and whenever they
/// changed: which of several a return paid back must not depend on what a page happens to hold.
async fn refunds_beside(
    client: &Client,
    call: &Call,
    candidates: &[Candidate<'_>],
) -> Result<BTreeMap<String, PaymentRefund>, ConnectorError> {
    let made_at = |refund: &PaymentRefund| map::instant(refund.created_at.as_deref());
    let mut times: Vec<Timestamp> =
        candidates.iter().filter_map(|(refund, _)| made_at(refund)).collect();
    times.sort_unstable();
    let mut beside = BTreeMap::new();
    for group in times.chunk_by(|before, next| next.duration_since(*before) <= TOGETHER) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
        let mut page = None;
        loop {
            let search = RefundSearch {
                store: None,
                time: RefundTime::Created,
                from: first.checked_sub(AROUND).unwrap_or(*first),
                until: last.checked_add(AROUND).ok(),
                page: page.as_deref(),
            };
            let found = search.list(client, call).await?;
            beside.extend(found.refunds.into_iter().filter_map(|it| Some((it.id.clone()?, it))));
            if found.next.is_none() {
                break;
            }
            page = found.next;
        }
    }
    Ok(beside)
}

/// Whether one of these returns paid this refund back, when each is given to one refund: first those that are
/// named, then, in the order of time, to each refund the earliest return that is left and fits.
fn is_covered(
    refund: &PaymentRefund,
    paid: &[PaidBack],
    others: &BTreeMap<String, PaymentRefund>,
) -> bool {
    let is_named =
        |refund: &PaymentRefund, paid: &PaidBack| refund.order_id.as_ref() == Some(&paid.order);
    let names_return = |refund: &PaymentRefund| paid.iter().any(|paid| is_named(refund, paid));
    let rank = |refund: &PaymentRefund| {
        let made_at = map::instant(refund.created_at.as_deref());
        (!names_return(refund), made_at, refund.id.clone())
    };
    let is_same = |told: &Option<String>, other: &Option<String>| told.is_some() && told == other;
    let own_rank = rank(refund);
    let mut before: Vec<&PaymentRefund> = others
        .values()
        .filter(|other| {
            let is_joined = is_same(&other.order_id, &refund.order_id)
                || is_same(&other.payment_id, &refund.payment_id)
                || names_return(other);
            let may_be_paid = matches!(other.status.as_deref(), Some("COMPLETED" | "PENDING"));
            is_joined && may_be_paid && rank(other) < own_rank
        })
        .collect();
    before.sort_by_key(|other| rank(other));
    let mut left: Vec<&PaidBack> = paid.iter().collect();
    left.sort_by_key(|paid| paid.made_at);
    for other in before {
        let named = left.iter().position(|paid| is_named(other, paid) && paid.fits(other));
        if let Some(taken) = named.or_else(|| left.iter().position(|paid| paid.fits(other))) {
            left.remove(taken);
        }
    }
    left.iter().any(|paid| paid.fits(refund))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refund(id: &str, at: &str) -> PaymentRefund {
        let json = format!(
            r#"{{"id":"{id}","order_id":"A","payment_id":"P","status":"COMPLETED",
                "created_at":"2026-11-20T{at}Z","amount_money":{{"amount":500,"currency":"USD"}}}}"#
        );
        map::parse(&json).unwrap()
    }

    #[test]
    fn each_of_several_like_returns_pays_one_refund_back() {
        let mut seen = ReturnsSeen::default();
        for (id, at) in [("B0", "09:56:00"), ("B1", "10:00:00"), ("B2", "10:03:00")] {
            let order = format!(
                r#"{{"id":"{id}","created_at":"2026-11-20T{at}Z",
                    "returns":[{{"source_order_id":"A","return_line_items":[{{}}]}}],
                    "refunds":[{{"tender_id":"P","amount_money":{{"amount":500}}}}]}}"#
            );
            seen.learn(&map::parse(&order).unwrap());
        }
        let times =
            [("R0", "09:56:05"), ("R1", "10:00:05"), ("R2", "10:03:05"), ("R3", "10:04:00")];
        let others: BTreeMap<String, PaymentRefund> =
            times.iter().map(|(id, at)| ((*id).to_owned(), refund(id, at))).collect();
        let covered: Vec<&str> = others
            .values()
            .filter(|it| is_covered(it, &seen.joined_to(it), &others))
            .filter_map(|it| it.id.as_deref())
            .collect();
        assert_eq!(covered, ["R0", "R1", "R2"], "the fourth is for something else");
    }
}
