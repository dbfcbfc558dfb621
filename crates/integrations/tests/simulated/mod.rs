//! The connector against the simulated vendor: what it reads is what the vendor's own books say.

mod desk;

use std::collections::BTreeMap;
use std::time::Duration;

use rust_decimal::Decimal;
use shelfops_ingest::Stream;
use shelfops_ingest::records::{Record, TransactionType};
use shelfops_simulators::square::{
    Country, FaultKind, FaultPlan, Habits, MerchantConfig, Oracle, OracleLine, OracleLineType,
    RequestFault,
};

use desk::Desk;

/// A line as both sides tell it: store, product, kind, quantity, total.
type Told = (String, String, TransactionType, Decimal, Decimal);

/// Every line of the vendor's books by the id that the connector gives it.
fn books(oracle: &Oracle, minor_digits: u32) -> BTreeMap<String, Told> {
    let line = |line: &OracleLine| {
        let (prefix, kind) = match (line.line_type, line.state.as_str()) {
            (_, "DRAFT") => return None,
            (OracleLineType::Sale, "CANCELED") => ("", TransactionType::Void),
            (OracleLineType::Sale, _) => ("", TransactionType::Sale),
            (OracleLineType::Return, _) => ("return/", TransactionType::Return),
        };
        let id = format!("{}/{prefix}{}", line.order_id, line.uid);
        let product = line.variation_id.clone().unwrap_or_else(|| "custom-amount".to_owned());
        let quantity = line.quantity.parse().unwrap();
        let total = Decimal::new(line.total, minor_digits);
        Some((id, (line.location_id.clone(), product, kind, quantity, total)))
    };
    oracle.lines.iter().filter_map(line).collect()
}

/// What was read so far; a newer version of a line replaces an older one.
fn lines(desk: &Desk) -> BTreeMap<String, Told> {
    let mut newest: BTreeMap<String, (Option<jiff::Timestamp>, Told)> = BTreeMap::new();
    for record in desk.records(Stream::Transactions) {
        let Record::Transaction(line) = record else { continue };
        let kind = line.transaction_type.unwrap_or(TransactionType::Sale);
        let updated_at = line.updated_at.map(|at| at.instant);
        let told = (
            line.store.to_string(),
            line.product.to_string(),
            kind,
            line.quantity,
            line.total_amount,
        );
        let id = line.external_id.to_string();
        match newest.get(&id) {
            Some((known, _)) if *known > updated_at => {}
            _ => {
                newest.insert(id, (updated_at, told));
            }
        }
    }
    newest.into_iter().map(|(id, (_, told))| (id, told)).collect()
}

/// Compares everything that was read with the vendor's books.
async fn assert_books_agree(desk: &Desk, minor_digits: u32) {
    let oracle = desk.oracle().await;
    let (books, read) = (books(&oracle, minor_digits), lines(desk));
    for (id, told) in &books {
        assert_eq!(read.get(id), Some(told), "line {id}");
    }
    // Beyond the lines of goods, only charges and refunds of money alone.
    for id in read.keys().filter(|id| !books.contains_key(*id)) {
        assert!(id.contains("charge/") || id.starts_with("refund/"), "{id} is in no book");
    }
    let stores: Vec<String> = desk.ids(Stream::Stores);
    for store in &oracle.stores {
        assert!(stores.contains(&store.location_id), "store {}", store.location_id);
    }
    let products: Vec<String> = desk.ids(Stream::Products);
    for product in oracle.products.iter().filter(|product| !product.is_deleted) {
        assert!(products.contains(&product.variation_id), "product {}", product.variation_id);
    }
}

#[tokio::test]
async fn what_is_read_of_a_merchant_is_what_its_books_say() {
    for (country, minor_digits) in [(Country::UnitedStates, 2), (Country::Japan, 0)] {
        let merchant = MerchantConfig { country, history_days: 4, ..MerchantConfig::default() };
        let mut desk = Desk::open(7, merchant).await;
        desk.read_all().await;
        assert_books_agree(&desk, minor_digits).await;
        // Days go by: edits, returns, and sales that tills send late.
        for _ in 0..4 {
            desk.advance(Duration::from_secs(86_400)).await;
            desk.read_all().await;
        }
        assert_books_agree(&desk, minor_digits).await;
        assert!(desk.malformed().is_empty(), "{:?}", desk.malformed());
    }
}

/// What can go wrong with a request and mends itself.
const FAULTS: [FaultKind; 10] = [
    FaultKind::RateLimited { retry_after_seconds: None },
    FaultKind::RateLimited { retry_after_seconds: Some(7) },
    FaultKind::ServerError { status: 500 },
    FaultKind::ServerError { status: 503 },
    FaultKind::HtmlError { status: 502 },
    FaultKind::HtmlSuccess,
    FaultKind::CutConnection { after_bytes: 700 },
    FaultKind::CutConnection { after_bytes: 0 },
    FaultKind::TruncatedJson,
    FaultKind::ExpiredToken,
];

/// Strikes one request of forty.
fn fault_of(fault: FaultKind) -> RequestFault {
    RequestFault { fault, per_mille: 25, path_prefix: String::new(), skip: 0, times: None }
}

#[tokio::test]
async fn faults_cost_time_and_nothing_else() {
    let mut desk =
        Desk::open(11, MerchantConfig { history_days: 3, ..MerchantConfig::default() }).await;
    desk.set_faults(FaultPlan {
        requests: FAULTS.iter().map(|fault| fault_of(*fault)).collect(),
        ..FaultPlan::default()
    });
    desk.read_all().await;
    desk.advance(Duration::from_secs(2 * 86_400)).await;
    desk.read_all().await;
    assert_books_agree(&desk, 2).await;
}

#[tokio::test]
async fn nothing_is_cut_off_at_the_most_of_a_page() {
    // More stores than a search may name; more objects, orders and counts than any page holds.
    let merchant = MerchantConfig {
        store_count: 11,
        item_count: 600,
        orders_per_day: 1_400,
        history_days: 2,
        ..MerchantConfig::default()
    };
    let mut desk = Desk::open(5, merchant).await;
    desk.read_all().await;
    assert_books_agree(&desk, 2).await;
    let oracle = desk.oracle().await;
    assert!(oracle.products.len() > 1_000, "{}", oracle.products.len());
    assert!(oracle.inventory.len() > 1_000, "{}", oracle.inventory.len());
    let counted: std::collections::BTreeSet<_> = desk.ids(Stream::Inventory).into_iter().collect();
    let shelves = oracle.inventory.iter().filter(|level| level.quantity != "0");
    for level in shelves {
        let shelf = format!("{}/{}", level.location_id, level.variation_id);
        assert!(counted.contains(&shelf), "{shelf}");
    }
}

#[tokio::test]
async fn what_is_sold_and_changed_while_pages_are_read_is_not_lost() {
    let habits = Habits { online_per_mille: 300, note_per_mille: 200, ..Habits::default() };
    let merchant = MerchantConfig {
        orders_per_day: 900,
        history_days: 4,
        habits,
        ..MerchantConfig::default()
    };
    let mut desk = Desk::open(13, merchant).await;
    // Longer than the vendor remembers a page.
    desk.read_sales_while_time_passes(Duration::from_secs(1_800)).await;
    desk.read_all().await;
    assert_books_agree(&desk, 2).await;
}

#[tokio::test]
async fn payments_are_never_listed() {
    // Without a store the vendor lists those of the main store alone, and nobody would notice.
    let mut desk =
        Desk::open(17, MerchantConfig { history_days: 2, ..MerchantConfig::default() }).await;
    desk.read_all().await;
    let asked = desk.asked_paths();
    assert!(asked.contains("/v2/orders/search") && asked.contains("/v2/refunds"), "{asked:?}");
    assert!(!asked.contains("/v2/payments"), "{asked:?}");
}
