//! Sends notifications at a steady rate, whether or not the ones before were answered.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use futures::future::try_join_all;
use serde_json::json;
use shelfops_simulators::square::{Force, ForcedLine, ForcedSale, SIGNATURE_HEADER, sign};
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use uuid::Uuid;

use super::{Vendor, WEBHOOK_KEY, WEBHOOKS, force};
use crate::http::Connection;

/// What a vendor sends of one sale at a till.
const KINDS: [&str; 4] =
    ["payment.created", "payment.updated", "inventory.count.updated", "payment.updated"];

/// How many sales may be ready before they are told of.
const AHEAD: usize = 64;

/// A merchant whose sales are told of.
#[derive(Clone)]
pub(crate) struct Shop {
    pub(crate) merchant_id: String,
    pub(crate) location_id: String,
}

/// A sale that was told of.
#[derive(Clone)]
pub(crate) struct Told {
    /// The id of its line.
    pub(crate) line: String,
    /// When the first notification of it was due.
    pub(crate) at: Instant,
}

/// What came of it.
pub(crate) struct Sent {
    /// From when each was due until it was acknowledged, in milliseconds.
    pub(crate) milliseconds: Vec<f64>,
    /// The sales that were told of.
    pub(crate) sales: Vec<Told>,
    /// How many were sent a second: fewer than asked for where the vendor sells more slowly.
    pub(crate) per_second: f64,
}

/// Where and how fast notifications go.
#[derive(Clone, Copy)]
pub(crate) struct Course<'a> {
    /// The server's address.
    pub(crate) server: &'a str,
    /// How many a second.
    pub(crate) per_second: u64,
    /// How long.
    pub(crate) lasting: Duration,
}

/// Sells at the vendor and tells of it; each sale is passed on as soon as it is told of.
pub(crate) async fn notify(
    vendor: &Vendor,
    shops: Vec<Shop>,
    course: Course<'_>,
    watch: mpsc::Sender<Told>,
) -> anyhow::Result<Sent> {
    let count = course.per_second * course.lasting.as_secs();
    let step = Duration::from_secs(1) / u32::try_from(course.per_second)?;
    let (ready, mut sales) = mpsc::channel(AHEAD);
    let sale_count = usize::try_from(count)?.div_ceil(KINDS.len());
    let mut connection = vendor.connect().await?;
    let selling = tokio::spawn(async move {
        for shop in shops.iter().cycle().take(sale_count) {
            let order_id = sell(&mut connection, shop).await?;
            if ready.send((shop.clone(), order_id)).await.is_err() {
                break;
            }
        }
        anyhow::Ok(())
    });
    let url: Arc<str> = format!("http://{}{WEBHOOKS}", course.server).into();
    let idle: Arc<Mutex<Vec<Connection>>> = Arc::default();
    let mut posts: Vec<JoinHandle<anyhow::Result<f64>>> = Vec::new();
    let mut told = Vec::new();
    let started = Instant::now();
    let mut due = started;
    while let Some((shop, order_id)) = sales.recv().await {
        // Where the vendor has not sold in time, that is not the receiver's fault.
        due = due.max(Instant::now());
        for (part, kind) in KINDS.into_iter().enumerate() {
            tokio::time::sleep_until(due).await;
            if part == 0 {
                let sale = Told { line: format!("{order_id}/li-1"), at: due };
                watch.send(sale.clone()).await.context("nobody watches the sales")?;
                told.push(sale);
            }
            let body = event(kind, &shop, &order_id);
            let post = post(course.server.to_owned(), url.clone(), body, idle.clone());
            posts.push(tokio::spawn(async move {
                post.await?;
                Ok(due.elapsed().as_secs_f64() * 1_000.0)
            }));
            due += step;
        }
    }
    let per_second = posts.len() as f64 / started.elapsed().as_secs_f64();
    drop(sales);
    selling.await??;
    let answers = try_join_all(posts).await?;
    let milliseconds = answers.into_iter().collect::<anyhow::Result<Vec<f64>>>()?;
    Ok(Sent { milliseconds, sales: told, per_second })
}

/// Sells one thing at a till.
async fn sell(connection: &mut Connection, shop: &Shop) -> anyhow::Result<String> {
    let line = ForcedLine { variation_id: None, quantity: "1".to_owned(), unit_price: Some(1_250) };
    let sale = Force::Sale(ForcedSale {
        location_id: shop.location_id.clone(),
        lines: vec![line],
        hours_late: 0,
        is_open: false,
        coupon: 0,
    });
    force(connection, &shop.merchant_id, &sale).await
}

/// Writes a notification as the vendor does, with an id of its own.
fn event(kind: &str, shop: &Shop, order_id: &str) -> Vec<u8> {
    let payment = json!({
        "id": format!("PAY{order_id}"), "status": "COMPLETED", "source_type": "CARD",
        "location_id": shop.location_id, "order_id": order_id,
        "amount_money": { "amount": 1_250, "currency": "USD" },
        "total_money": { "amount": 1_250, "currency": "USD" },
        "created_at": "2026-11-20T17:04:09.870Z", "updated_at": "2026-11-20T17:04:10.955Z",
    });
    let event = json!({
        "merchant_id": shop.merchant_id, "location_id": shop.location_id, "type": kind,
        "event_id": Uuid::now_v7(), "created_at": "2026-11-20T17:04:11.402Z",
        "data": { "type": "payment", "id": payment["id"], "object": { "payment": payment } },
    });
    event.to_string().into_bytes()
}

/// Sends a notification over a connection that is idle, or a new one.
async fn post(
    server: String,
    url: Arc<str>,
    body: Vec<u8>,
    idle: Arc<Mutex<Vec<Connection>>>,
) -> anyhow::Result<()> {
    let kept = async {
        let mut idle = idle.lock().await;
        while let Some(connection) = idle.pop() {
            if connection.is_open() {
                return Some(connection);
            }
        }
        None
    };
    let mut connection = match kept.await {
        Some(connection) => connection,
        None => Connection::open(&server).await?,
    };
    let signature = sign(WEBHOOK_KEY, &url, &body);
    let headers = [("content-type", "application/json"), (SIGNATURE_HEADER, signature.as_str())];
    let answer = connection.send(&format!("POST {WEBHOOKS}"), &headers, &body).await?;
    if answer.status != 200 {
        bail!("a notification was answered by {}", answer.status);
    }
    idle.lock().await.push(connection);
    Ok(())
}
