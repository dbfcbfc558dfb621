//! Whatever happens on the way, the tables tell in the end what the vendor's own books do.
//!
//! Each seed is another history and another course of faults: answers that fail in every way, webhooks
//! that are lost, late, repeated and overtaken, workers and the server killed, the database crashed and
//! recovered, what was agreed with the vendor taken back, orders edited, emptied and called off, refunds
//! listed before their returns and beside them, products deleted, things renamed, prices and shelves
//! changed. `CONVERGENCE_SEEDS=200` runs as many;
//! `CONVERGENCE_FIRST` says from which on.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;
use shelfops_simulators::square::{
    FaultKind, FaultPlan, Force, ForcedReturn, Habits, Moment, Oracle, OracleLine, OracleLineType,
    RequestFault, SquareConfig, SubscriptionConfig, WebhookFaults,
};
use shelfops_testkit::{TestServer, own_server, wait_for};

use crate::fixture::{Running, Server, Shop, Vendor};

/// How many seeds every run of the tests tries.
const SEEDS: u64 = 2;

/// How often something happens.
const ROUNDS: u64 = 10;

const PATIENCE: Duration = Duration::from_secs(120);

const KEY: &str = "convergence-signature-key";

const DAY_MILLIS: i64 = 86_400_000;

/// How long after it was closed the vendor lists a return.
const RETURN_LAG_SECONDS: u32 = 900;

/// Draws what happens: the same for the same seed.
struct Chance(u64);

impl Chance {
    /// Draws one of `0..bound`.
    fn below(&mut self, bound: u64) -> u64 {
        // Splitmix64, by Vigna.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(otherwise)
}

#[tokio::test]
async fn whatever_happens_the_tables_agree_with_the_vendors_books_in_the_end() {
    let first = number("CONVERGENCE_FIRST", 1);
    // Its own, for it is crashed.
    let server = own_server("convergence").await.unwrap();
    for seed in first..first + number("CONVERGENCE_SEEDS", SEEDS) {
        eprintln!("seed {seed}");
        World::begin(seed, server).await.run().await;
    }
}

fn faults(seed: u64) -> FaultPlan {
    let fault = |fault, per_mille| RequestFault {
        fault,
        per_mille,
        path_prefix: "/v2".to_owned(),
        skip: 0,
        times: None,
    };
    FaultPlan {
        seed,
        requests: vec![
            fault(FaultKind::RateLimited { retry_after_seconds: None }, 20),
            fault(FaultKind::RateLimited { retry_after_seconds: Some(1) }, 10),
            fault(FaultKind::ServerError { status: 503 }, 20),
            fault(FaultKind::HtmlError { status: 502 }, 10),
            fault(FaultKind::HtmlSuccess, 10),
            fault(FaultKind::Slow { milliseconds: 150 }, 20),
            fault(FaultKind::CutConnection { after_bytes: 400 }, 20),
            fault(FaultKind::TruncatedJson, 10),
            fault(FaultKind::ExpiredToken, 10),
        ],
        webhooks: WebhookFaults {
            lost_per_mille: 200,
            duplicate_per_mille: 200,
            late_per_mille: 200,
            late_minutes: 30,
            reordered_per_mille: 300,
        },
    }
}

fn trade(config: &mut SquareConfig, seed: u64) {
    config.seed = seed;
    let now = jiff::Timestamp::now().as_millisecond();
    config.start = Moment::from_millis(now - 6 * DAY_MILLIS);
    config.faults = faults(seed);
    // Many a refund is paid out and listed before the order that took the goods back is.
    config.return_lag_seconds = RETURN_LAG_SECONDS;
    let merchant = &mut config.merchants[0];
    merchant.history_days = 1;
    merchant.orders_per_day = 90;
    merchant.habits = Habits {
        offline_per_mille: 80,
        online_per_mille: 200,
        return_per_mille: 150,
        note_per_mille: 60,
        custom_amount_per_mille: 30,
        price_change_per_mille: 60,
    };
    let back = config.applications[0].redirect_urls[0].clone();
    config.subscriptions = vec![SubscriptionConfig {
        client_id: config.applications[0].client_id.clone(),
        notification_url: back.replace("/oauth/square/callback", "/webhooks/square"),
        signature_key: KEY.to_owned(),
        event_types: Vec::new(),
    }];
}

/// Returns what the merchant does besides what merchants do by themselves.
fn whim(chance: &mut Chance, books: &Oracle) -> Option<Force> {
    if chance.below(3) == 0 { rearrangement(chance, books) } else { second_thought(chance, books) }
}

/// Returns what the merchant changes about the shop.
fn rearrangement(chance: &mut Chance, books: &Oracle) -> Option<Force> {
    let on_offer: Vec<_> = books.products.iter().filter(|each| !each.is_deleted).collect();
    let product = on_offer.get(chance.below(on_offer.len().max(1) as u64) as usize)?;
    let store = books.stores.get(chance.below(books.stores.len().max(1) as u64) as usize)?;
    let (variation_id, location_id) = (product.variation_id.clone(), store.location_id.clone());
    let number = chance.below(1_000);
    Some(match chance.below(5) {
        0 => Force::DeleteObject { object_id: variation_id },
        1 => Force::SetPrice { variation_id, location_id: None, amount: 100 + number as u32 },
        2 => Force::RenameItem { item_id: product.item_id.clone(), name: format!("No. {number}") },
        3 => Force::Count { location_id, variation_id, quantity: number.to_string() },
        _ => {
            let name = Some(format!("Store {number}"));
            Force::ChangeLocation { location_id, name, is_active: None }
        }
    })
}

/// Returns what the merchant does about an order.
fn second_thought(chance: &mut Chance, books: &Oracle) -> Option<Force> {
    let sold_in = |state: &str| -> Vec<&OracleLine> {
        let fits =
            |line: &&OracleLine| line.line_type == OracleLineType::Sale && line.state == state;
        books.lines.iter().filter(fits).collect()
    };
    let order_in = |chance: &mut Chance, state| {
        let lines = sold_in(state);
        let at = chance.below(lines.len().max(1) as u64) as usize;
        lines.get(at).map(|line| line.order_id.clone())
    };
    match chance.below(5) {
        0 => {
            let order_id = order_in(chance, "OPEN")?;
            let quantity = (1 + chance.below(5)).to_string();
            Some(Force::EditOrder { order_id, line: 0, quantity })
        }
        1 => Some(Force::CancelOrder { order_id: order_in(chance, "OPEN")? }),
        2 => Some(Force::RemoveLastLine { order_id: order_in(chance, "OPEN")? }),
        3 => Some(Force::TouchOrder { order_id: order_in(chance, "COMPLETED")? }),
        _ => {
            let lines = sold_in("COMPLETED");
            let line = lines.get(chance.below(lines.len().max(1) as u64) as usize)?;
            let place = line.uid.strip_prefix("li-")?.parse::<usize>().ok()?;
            Some(Force::Return(ForcedReturn {
                order_id: line.order_id.clone(),
                lines: vec![(place - 1, line.quantity.clone())],
                amount: None,
                instead: Vec::new(),
            }))
        }
    }
}

/// Returns what the merchant does at the same moment: somebody who brings goods back gets more than they
/// were worth, and an order that lost a line loses all.
fn and_more(whim: &Force, chance: &mut Chance) -> Vec<Force> {
    match whim {
        Force::Return(back) => {
            let (order_id, amount) = (back.order_id.clone(), 1 + chance.below(40) as u32);
            vec![Force::RefundAmount { order_id, amount }]
        }
        Force::RemoveLastLine { .. } if chance.below(2) == 0 => vec![whim.clone(); 9],
        _ => Vec::new(),
    }
}

/// A shop, its vendor, and whoever works for it.
struct World {
    chance: Chance,
    database: &'static TestServer,
    shop: Shop,
    vendor: Vendor,
    server: Option<Server>,
    workers: Vec<Running>,
}

impl World {
    async fn begin(seed: u64, database: &'static TestServer) -> Self {
        let vendor = Vendor::start(|config| trade(config, seed)).await;
        let shop = Shop::apart(database).await;
        let chance = Chance(seed);
        let mut world = Self { chance, database, shop, vendor, server: None, workers: Vec::new() };
        world.serve().await;
        world.connect("integration add square --tenant acme").await;
        world.hire();
        world.hire();
        world
    }

    /// The page of consent leads back to the server that is up.
    async fn connect(&self, line: &str) {
        let line = format!("{line} --no-wait -o json");
        let begun = self.vendor.call(&self.shop, &line).await.succeeds().data();
        self.vendor.agree(begun["authorize_url"].as_str().unwrap()).await;
    }

    async fn serve(&mut self) {
        let command = self.vendor.command(&self.shop).env("SHELFOPS_SQUARE_WEBHOOK_KEYS", KEY);
        self.server = Some(Server::start_at(command, self.vendor.public_address()).await);
    }

    fn hire(&mut self) {
        let worker = self.vendor.command(&self.shop).args(["worker", "--concurrency", "2"]);
        self.workers.push(worker.start());
    }

    /// Lets time pass and trade go on while something goes wrong.
    async fn run(mut self) {
        for _ in 0..ROUNDS {
            let minutes = 60 + self.chance.below(400);
            self.vendor.advance(Duration::from_secs(minutes * 60)).await;
            if let Some(whim) = whim(&mut self.chance, &self.vendor.books().await) {
                // What the vendor does not allow does not happen.
                self.vendor.force(&whim).await;
                for more in and_more(&whim, &mut self.chance) {
                    self.vendor.force(&more).await;
                }
            }
            tokio::time::sleep(Duration::from_millis(200 + self.chance.below(1_500))).await;
            match self.chance.below(6) {
                0 => {
                    let at = self.chance.below(self.workers.len() as u64) as usize;
                    self.workers.swap_remove(at).kill().await;
                    self.hire();
                }
                1 => {
                    if let Some(server) = self.server.take() {
                        server.running.kill().await;
                    }
                    // What is sent meanwhile is refused; the vendor tries again.
                    self.vendor.advance(Duration::from_secs(90)).await;
                    self.serve().await;
                }
                2 => self.crash_database().await,
                3 => {
                    self.vendor.revoke().await;
                    tokio::time::sleep(Duration::from_millis(self.chance.below(1_000))).await;
                    self.connect("integration connect --tenant acme --source square").await;
                }
                _ => {}
            }
        }
        self.settle().await;
    }

    /// The database is gone for a moment, and comes back as far as it had promised.
    async fn crash_database(&mut self) {
        self.database.crash();
        tokio::time::sleep(Duration::from_millis(self.chance.below(1_500))).await;
        self.database.recover().await.unwrap();
    }

    /// Lets everything that is late arrive, reads on until nothing is new, and looks.
    async fn settle(mut self) {
        self.vendor.simulator.set_faults(FaultPlan::default()).unwrap();
        // Once a day four days are read again, for what tills have sent late.
        self.vendor.advance(Duration::from_secs(25 * 3_600)).await;
        // Shops close at night.
        for _ in 0..96 {
            if !self.awaits_a_return().await {
                break;
            }
            self.vendor.advance(Duration::from_secs(RETURN_LAG_SECONDS.into())).await;
        }
        for worker in self.workers.drain(..) {
            worker.signal("TERM");
            worker.end().await.succeeds();
        }
        let read = "sync run --tenant acme --source square -o json";
        wait_for("a sync without faults", PATIENCE, async || {
            let answer = self.vendor.call(&self.shop, read).await;
            answer.code == 0
        })
        .await
        .unwrap();
        self.vendor.assert_books_agree(&self.shop).await;
        self.vendor.assert_shelves_agree(&self.shop).await;
        self.vendor.assert_refunds_agree(&self.shop).await;
        // Refunds and money too, by the vendor's own count of each store's days.
        let now = jiff::Timestamp::from_millisecond(self.vendor.simulator.now().millis()).unwrap();
        let today = jiff::tz::TimeZone::UTC.to_datetime(now).date();
        // Over in every time zone, by the vendor's clock.
        for days_ago in 2..=3 {
            let day = today.checked_sub(jiff::Span::new().days(days_ago)).unwrap();
            let line = format!("sync reconcile --tenant acme --source square --day {day} -o json");
            let compared = self.vendor.call(&self.shop, &line).await.succeeds();
            for store in compared.data().as_array().unwrap() {
                assert_eq!(store["outcome"], "equal", "{compared}");
            }
        }
        let twice = self.shop.number(
            "select count(*) from (
                 select external_id from transactions where source = 'square'
                 group by external_id having count(*) > 1
             ) as repeated",
        );
        assert_eq!(twice.await, 0, "lines that are there twice");
        // What was only ever counted has a name in the catalogue alone.
        let nameless = self.shop.number(
            "select count(*) from products join external_ids using (customer_id, product_id)
             where is_placeholder and name = external_id and exists (
                 select from transactions as line where line.product_id = products.product_id
             )",
        );
        assert_eq!(
            nameless.await,
            0,
            "products that the vendor deleted keep what they were called"
        );
        self.assert_deleted_products_are_named_as_sold().await;
        let lost = self.shop.texts(
            "select concat_ws(' ', stream, rule, reason) from quarantined_records
             where status = 'waiting'",
        );
        assert_eq!(lost.await, [""; 0], "refused, though nothing was wrong");
        self.assert_notifications_are_done().await;
    }

    /// Whether the vendor's books have a return that it does not list yet.
    async fn awaits_a_return(&self) -> bool {
        let lag = i64::from(RETURN_LAG_SECONDS) * 1_000;
        let listed = self.vendor.simulator.now().millis() - lag;
        self.vendor.books().await.lines.iter().any(|line| {
            line.line_type == OracleLineType::Return && line.updated_at.millis() > listed
        })
    }

    /// What the catalogue has forgotten is called as it was when it was sold, and not otherwise.
    async fn assert_deleted_products_are_named_as_sold(&self) {
        let books = self.vendor.books().await;
        let kept = self.shop.texts(
            "select jsonb_build_array(external_id, name)::text
             from products join external_ids using (customer_id, product_id)
             where is_placeholder
                 -- Lines that were taken off their orders are in no book.
                 and 'void' <> all (
                     select transaction_type from transactions as line
                     where line.product_id = products.product_id
                 ) and exists (
                     select from transactions as line where line.product_id = products.product_id
                 )",
        );
        for kept in kept.await {
            let (id, name): (String, String) = serde_json::from_str(&kept).unwrap();
            let product = books.products.iter().find(|product| product.variation_id == id);
            let of_it = |line: &&OracleLine| line.variation_id.as_ref() == Some(&id);
            let sold_as: BTreeSet<String> = books
                .lines
                .iter()
                .filter(of_it)
                .filter_map(|line| {
                    let item = line.item_name.clone()?;
                    Some(match product?.name.as_str() {
                        "Regular" => item,
                        variation => format!("{item} - {variation}"),
                    })
                })
                .collect();
            assert!(product.is_none() || sold_as.contains(&name), "{id}: {name}, {sold_as:?}");
        }
    }

    /// Those that were kept are looked at, by a worker that finds nothing new.
    async fn assert_notifications_are_done(&mut self) {
        self.hire();
        let waiting = "select count(*) from webhook_events where processed_at is null";
        wait_for("the notifications to be looked at", PATIENCE, async || {
            self.shop.number(waiting).await == 0
        })
        .await
        .unwrap();
        let kept = self.shop.number("select count(*) from webhook_events").await;
        assert!(kept > 50, "only {kept} notifications came");
        self.vendor.assert_books_agree(&self.shop).await;
        for worker in self.workers.drain(..) {
            worker.signal("TERM");
            let said: Value = worker.end().await.succeeds().stderr.into();
            assert!(!said.as_str().unwrap_or_default().contains("panicked"), "{said}");
        }
    }
}
