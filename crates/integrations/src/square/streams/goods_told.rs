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
use crate::square::client::{Call, Client};
use crate::square::map;
use crate::square::wire::{Envelope, Order, PaymentRefund};

/// The most orders that may be asked for by id.
const IDS_AT_ONCE: usize = 100;

/// Refunds no further apart than this are looked for together: one list costs less than two, and more
/// than this of a busy merchant's day is many pages.
const TOGETHER: SignedDuration = SignedDuration::from_hours(1);

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
    let (mut candidates, mut unknown) = (Vec::<Candidate<'_>>::new(), Vec::new());
    for refund in refunds {
        match seen.goods_of(refund) {
            Goods::Told => told.extend(id_of(refund)),
            Goods::Alike(paid) => candidates.push((refund, paid)),
            Goods::Unknown => unknown.push(refund),
        }
    }
    told.extend(told_by_name(client, call, &unknown).await?);
    unknown.retain(|refund| refund.id.as_ref().is_none_or(|id| !told.contains(id)));
    for refund in unknown {
        match returns_beside(client, call, refund).await?.goods_of(refund) {
            Goods::Told => told.extend(id_of(refund)),
            Goods::Alike(paid) => candidates.push((refund, paid)),
            Goods::Unknown => {}
        }
    }
    if candidates.is_empty() {
        return Ok(told);
    }
    let others = refunds_beside(client, call, &candidates).await?;
    let covered = candidates.iter().filter(|candidate| is_covered(candidate, &others));
    told.extend(covered.filter_map(|(refund, _)| id_of(refund)));
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
    for ids in order_ids.chunks(IDS_AT_ONCE) {
        let call = Call::new(format!("the orders of {}", call.what), call.scopes);
        let body = json!({ "order_ids": ids });
        let reply = client.post(&call, "/v2/orders/batch-retrieve", &body).await?;
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

/// Returns the returns that were made at the store about the time of a refund.
async fn returns_beside(
    client: &Client,
    call: &Call,
    refund: &PaymentRefund,
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
            from: made_at.checked_sub(SAME_RETURN).unwrap_or(made_at),
            until: made_at.checked_add(SAME_RETURN).ok(),
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
        let around = SAME_RETURN * 2;
        let mut page = None;
        loop {
            let search = RefundSearch {
                store: None,
                time: RefundTime::Created,
                from: first.checked_sub(around).unwrap_or(*first),
                until: last.checked_add(around).ok(),
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

/// Whether one of the returns paid this refund back, and not another that goes before it: one that names a
/// return, else the one that was made first.
fn is_covered((refund, paid): &Candidate<'_>, others: &BTreeMap<String, PaymentRefund>) -> bool {
    let names_return = |refund: &PaymentRefund| {
        paid.iter().any(|paid| refund.order_id.as_ref() == Some(&paid.order))
    };
    let rank = |refund: &PaymentRefund| {
        let made_at = map::instant(refund.created_at.as_deref());
        (!names_return(refund), made_at, refund.id.clone())
    };
    let is_same = |told: &Option<String>, other: &Option<String>| told.is_some() && told == other;
    let own_rank = rank(refund);
    let before = others.values().filter(|other| {
        let is_joined = is_same(&other.order_id, &refund.order_id)
            || is_same(&other.payment_id, &refund.payment_id)
            || names_return(other);
        let may_be_paid = matches!(other.status.as_deref(), Some("COMPLETED" | "PENDING"));
        is_joined
            && may_be_paid
            && paid.iter().any(|paid| paid.fits(other))
            && rank(other) < own_rank
    });
    before.count() < paid.len()
}
