//! A tenant's desk at the simulated vendor: reads every stream, again and again, as a sync does.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use shelfops_ingest::Stream;
use shelfops_ingest::cursor::Cursor;
use shelfops_ingest::records::Record;
use shelfops_ingest::source::SourceBlock;
use shelfops_integrations::connector::{
    Connection, ConnectionSettings, Connector, OpenRequest, Reach, ReadingOptions,
};
use shelfops_integrations::http::{Policy, Surroundings};
use shelfops_integrations::oauth::{App, MemoryTokenStore, TokenPair};
use shelfops_integrations::square::Square;
use shelfops_simulators::square::{
    FaultPlan, GrantRequest, MerchantConfig, Oracle, Simulator, SimulatorHandle, SquareConfig,
};

/// How often a stream is opened again after an error, as a queue would.
const ATTEMPTS: usize = 40;

/// The simulator's clock; what is slept passes at once, and only for us.
struct SimulatedTime {
    now: Mutex<Timestamp>,
    slept: Mutex<Duration>,
}

impl Surroundings for SimulatedTime {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }

    fn elapsed(&self) -> Duration {
        *self.slept.lock().unwrap()
    }

    fn fraction(&self) -> f64 {
        0.5
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'_, ()> {
        *self.slept.lock().unwrap() += time;
        tokio::task::yield_now().boxed()
    }
}

/// A tenant's desk.
pub(crate) struct Desk {
    simulator: SimulatorHandle,
    merchant_id: String,
    time: Arc<SimulatedTime>,
    connection: Arc<Connection>,
    cursors: BTreeMap<&'static str, Cursor>,
    records: Vec<Record>,
    malformed: Vec<String>,
}

impl Desk {
    /// Connects to a merchant that is made up from a seed.
    pub(crate) async fn open(seed: u64, merchant: MerchantConfig) -> Self {
        let merchant_id = merchant.id.clone();
        let config = SquareConfig {
            seed,
            merchants: vec![merchant],
            throttle: None,
            ..SquareConfig::default()
        };
        let application = config.applications[0].clone();
        let simulator = Simulator::start(config).await.unwrap();
        let granted = simulator
            .grant(&GrantRequest {
                merchant_id: merchant_id.clone(),
                client_id: None,
                scopes: None,
                is_pkce: false,
            })
            .unwrap();
        let now = Timestamp::from_millisecond(simulator.now().millis()).unwrap();
        let time = Arc::new(SimulatedTime { now: Mutex::new(now), slept: Mutex::default() });
        let pair = TokenPair {
            access: granted.access_token.into(),
            refresh: Some(granted.refresh_token.into()),
            obtained_at: now,
            access_expires_at: Some(now + SignedDuration::from_hours(24 * 30)),
            refresh_expires_at: None,
            granted_by: Some(merchant_id.clone()),
        };
        let settings = ConnectionSettings {
            app: App {
                client_id: application.client_id,
                client_secret: Some(application.client_secret.into()),
                redirect_uri: application.redirect_urls[0].clone(),
                base_url: Some(simulator.url()),
            },
            policy: Policy::default(),
            reading: ReadingOptions::default(),
        };
        let tokens = Arc::new(MemoryTokenStore::new(pair));
        let connection = Connection::new(&Square, settings, tokens, time.clone()).unwrap();
        Self {
            simulator,
            merchant_id,
            time,
            connection: Arc::new(connection),
            cursors: BTreeMap::new(),
            records: Vec::new(),
            malformed: Vec::new(),
        }
    }

    /// Lets simulated time pass, for the vendor and for us.
    pub(crate) async fn advance(&self, time: Duration) {
        let now = self.simulator.advance(time).await.unwrap();
        *self.time.now.lock().unwrap() = Timestamp::from_millisecond(now.millis()).unwrap();
    }

    pub(crate) fn set_faults(&self, plan: FaultPlan) {
        self.simulator.set_faults(plan).unwrap();
    }

    pub(crate) async fn oracle(&self) -> Oracle {
        self.simulator.oracle(&self.merchant_id).await.unwrap()
    }

    /// Reads every stream on from where it stopped, and opens it again after an error.
    pub(crate) async fn read_all(&mut self) {
        for stream in Square.streams() {
            self.read(*stream).await;
        }
    }

    /// Reads sales on while the vendor's world goes on between any two pages.
    pub(crate) async fn read_sales_while_time_passes(&mut self, step: Duration) {
        let cursor = self.cursors.get(Stream::Transactions.name()).cloned();
        let (stream, reach) = (Stream::Transactions, Reach::Whole);
        let request = OpenRequest { stream, cursor, span: None, reach };
        let mut source = Square.open(self.connection.clone(), request).unwrap();
        while let Some(block) = source.next_block().await.unwrap() {
            self.keep(stream, block);
            self.advance(step).await;
        }
    }

    /// The paths that were asked for.
    pub(crate) fn asked_paths(&self) -> BTreeSet<String> {
        self.simulator.requests().into_iter().map(|request| request.path).collect()
    }

    async fn read(&mut self, stream: Stream) {
        let mut told = String::new();
        for _ in 0..ATTEMPTS {
            match self.read_on(stream).await {
                Ok(()) => return,
                Err(error) => told = error,
            }
            // A queue tries again later, when a circuit breaker has closed as well.
            *self.time.slept.lock().unwrap() += Duration::from_secs(600);
        }
        panic!("{stream} could not be read in {ATTEMPTS} attempts: {told}");
    }

    async fn read_on(&mut self, stream: Stream) -> Result<(), String> {
        let cursor = self.cursors.get(stream.name()).cloned();
        let request = OpenRequest { stream, cursor, span: None, reach: Reach::Whole };
        let mut source =
            Square.open(self.connection.clone(), request).map_err(|error| error.to_string())?;
        while let Some(block) = source.next_block().await.map_err(|error| chain(&error))? {
            self.keep(stream, block);
        }
        Ok(())
    }

    /// Keeps what a block says, and where it ends.
    fn keep(&mut self, stream: Stream, block: SourceBlock) {
        for (index, draft) in block.drafts.into_iter().enumerate() {
            match draft {
                Ok(draft) => match draft.accept() {
                    Some(record) => self.records.push(record),
                    None => self.malformed.push(block.raw.raw(index).to_string()),
                },
                Err(malformed) => self.malformed.push(malformed.reason),
            }
        }
        self.cursors.insert(stream.name(), block.cursor);
    }

    /// Everything that was read of a stream, in order.
    pub(crate) fn records(&self, stream: Stream) -> impl Iterator<Item = &Record> {
        self.records.iter().filter(move |record| stream_of(record) == stream)
    }

    /// The source's ids of what was read of a stream.
    pub(crate) fn ids(&self, stream: Stream) -> Vec<String> {
        let id = |record: &Record| match record {
            Record::Store(store) => store.external_id.to_string(),
            Record::Product(product) => product.external_id.to_string(),
            Record::InventoryLevel(level) => format!("{}/{}", level.store, level.product),
            _ => String::new(),
        };
        self.records(stream).map(id).collect()
    }

    /// What was no record, and why.
    pub(crate) fn malformed(&self) -> &[String] {
        &self.malformed
    }
}

/// The error with everything behind it.
fn chain(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |error| error.source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

const fn stream_of(record: &Record) -> Stream {
    match record {
        Record::Store(_) => Stream::Stores,
        Record::Product(_) => Stream::Products,
        Record::Supplier(_) => Stream::Suppliers,
        Record::Transaction(_) => Stream::Transactions,
        Record::InventoryLevel(_) => Stream::Inventory,
        Record::PurchaseOrderLine(_) => Stream::PurchaseOrders,
    }
}
