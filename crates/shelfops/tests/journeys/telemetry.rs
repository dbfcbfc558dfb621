//! Traces: told to a collector where one is named, to nobody else, and to the last one. Figures: what is
//! behind of connected systems, of all tenants together.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use shelfops_testkit::wait_for;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::fixture::{Command, Server, Shop, Vendor, shop};

const DEADLINE: Duration = Duration::from_secs(60);

/// Whose trace a request is part of: the id of the trace, then of the span, as the header tells them.
const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// The id of the trace as it is told.
const TRACE_ID: [u8; 16] = [
    0x0a, 0xf7, 0x65, 0x19, 0x16, 0xcd, 0x43, 0xdd, 0x84, 0x48, 0xeb, 0x21, 0x1c, 0x80, 0x31, 0x9c,
];

/// What was told: head and body of each request.
type ToldTraces = Vec<(String, Vec<u8>)>;

/// Somebody who collects traces.
struct Collector {
    address: String,
    told: Arc<Mutex<ToldTraces>>,
}

impl Collector {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let told: Arc<Mutex<ToldTraces>> = Arc::default();
        let kept = told.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let kept = kept.clone();
                tokio::spawn(async move {
                    if let Some(request) = receive(stream).await {
                        kept.lock().unwrap().push(request);
                    }
                });
            }
        });
        Self { address, told }
    }

    /// Lets a command know of it.
    fn known_to(&self, command: Command) -> Command {
        command.env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{}", self.address))
    }

    /// Everything that was told so far, heads apart from bodies.
    fn told(&self) -> ToldTraces {
        self.told.lock().unwrap().clone()
    }

    /// Whether these bytes were told.
    fn knows(&self, wanted: impl AsRef<[u8]>) -> bool {
        let wanted = wanted.as_ref();
        let is_within = |body: &[u8]| body.windows(wanted.len()).any(|part| part == wanted);
        self.told().iter().any(|(_, body)| is_within(body))
    }
}

/// Reads a request and answers it; one a connection.
async fn receive(mut stream: TcpStream) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|part| part == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap().to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.map_or(0, |length| length.trim().parse().unwrap());
    while bytes.len() < end + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    let answer = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    stream.write_all(answer.as_bytes()).await.ok()?;
    Some((head, bytes.split_off(end)))
}

#[tokio::test]
async fn a_server_tells_of_its_requests_and_of_the_last_ones_when_it_stops() {
    let (shop, collector) = (shop().await, Collector::start().await);
    let server = Server::start(collector.known_to(shop.command()), &[]).await;
    let asked = server.get("/healthz?secret=swordfish").header("traceparent", PARENT).send().await;
    assert_eq!(asked.status, 200, "{asked:?}");
    assert_eq!(server.get("/nowhere/swordfish").send().await.status, 404);
    // The usual delay has not passed: what is told is told because the server ends.
    server.stop().await.succeeds();
    let told = collector.told();
    assert!(!told.is_empty());
    for (head, _) in &told {
        assert!(head.starts_with("post /v1/traces http/1.1"), "{head}");
        assert!(head.contains("content-type: application/x-protobuf"), "{head}");
    }
    for name in ["GET /healthz", "GET unmatched", "service.name", "shelfops", "http.route"] {
        assert!(collector.knows(name), "{name}");
    }
    assert!(collector.knows(TRACE_ID), "the trace of whoever asked goes on");
    assert!(!collector.knows("secret=swordfish"), "what follows a path is no part of it");
}

#[tokio::test]
async fn a_worker_tells_of_its_jobs_under_the_name_it_is_given() {
    let (shop, collector) = (shop().await, Collector::start().await);
    let command = collector.known_to(shop.command());
    let worker = command.env("OTEL_SERVICE_NAME", "night-shift").args(["worker"]).start();
    wait_for("a job to be done", DEADLINE, async || worker.said().contains("timeseries-upkeep"))
        .await
        .unwrap();
    worker.signal("TERM");
    worker.end().await.succeeds();
    for name in ["job timeseries-upkeep", "job_id", "job done", "night-shift"] {
        assert!(collector.knows(name), "{name}");
    }
}

#[tokio::test]
async fn nobody_is_told_where_that_is_switched_off() {
    let (shop, collector) = (shop().await, Collector::start().await);
    for (name, value) in [("OTEL_SDK_DISABLED", "true"), ("OTEL_TRACES_EXPORTER", "none")] {
        let command = collector.known_to(shop.command()).env(name, value);
        let server = Server::start(command, &[]).await;
        assert_eq!(server.get("/healthz").send().await.status, 200);
        server.stop().await.succeeds();
    }
    // Commands that only answer tell nobody either.
    collector.known_to(shop.command()).args(["tenant", "list"]).run().await.succeeds();
    assert!(collector.told().is_empty(), "{:?}", collector.told());
}

#[tokio::test]
async fn a_collector_that_is_not_there_holds_nobody_up() {
    let shop = shop().await;
    let nobody = "http://127.0.0.1:1";
    let command = shop.command().env("OTEL_EXPORTER_OTLP_ENDPOINT", nobody);
    let server = Server::start(command, &[]).await;
    assert_eq!(server.get("/healthz").send().await.status, 200);
    let answer = server.stop().await.succeeds();
    assert!(!answer.stderr.contains("panicked"), "{answer}");
}

#[tokio::test]
async fn settings_that_cannot_be_followed_are_refused_at_the_start() {
    let shop = shop().await;
    let with = |name, value| {
        let command = shop.command().env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1");
        command.env(name, value).args(["serve", "--listen", "127.0.0.1:0"])
    };
    let said = with("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc").run().await.fails_with(2);
    assert!(said.contains("OTEL_EXPORTER_OTLP_PROTOCOL is 'grpc'"), "{said}");
    assert!(said.contains("http/protobuf"), "{said}");
    let said = with("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "no address").run().await.fails_with(2);
    assert!(said.contains("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"), "{said}");
}

/// What may wait of one that was read just now, in seconds, on a machine that has much to do.
const JUST_NOW: f64 = 120.0;

const STREAMS: [&str; 5] = ["stores", "products", "suppliers", "transactions", "inventory"];

/// Bravo's sales were read an hour ago, its products never to the end; two of its notifications wait, as
/// do three of its records, and nobody tries a job of its again.
const ARREARS: &str = r#"
    begin;
    select shelfops.enter_tenant(customer_id) from shelfops.tenants where slug = 'bravo';
    create temporary table of_bravo on commit drop as
        select customer_id, integration_id, source
        from integrations join shelfops.tenants using (customer_id) where slug = 'bravo';
    update integrations set connected_at = connected_at - interval '2 hours'
        where integration_id in (select integration_id from of_bravo);
    update sync_cursors set advanced_at = advanced_at - interval '1 hour'
        where customer_id in (select customer_id from of_bravo) and stream = 'transactions';
    update sync_cursors set is_complete = false
        where customer_id in (select customer_id from of_bravo) and stream = 'products';
    insert into webhook_events
        (customer_id, webhook_event_id, integration_id, external_event_id, event_type, payload,
         received_at, processed_at)
    select customer_id, gen_random_uuid(), integration_id, 'event ' || number, 'payment.updated', '{}',
        now() - interval '10 minutes', case when number > 2 then now() end
    from of_bravo cross join generate_series(1, 5) as number;
    insert into quarantined_records
        (customer_id, quarantined_record_id, sync_run_id, source, stream, origin, record_number, rule,
         reason, raw)
    select run.customer_id, gen_random_uuid(), run.sync_run_id, run.source, run.stream, run.origin,
        number, 'totals-add-up', 'for a test', '{}'
    from (
        select * from sync_runs join of_bravo using (customer_id, source)
        where stream = 'transactions' limit 1
    ) as run
    cross join generate_series(1, 3) as number;
    select shelfops.enqueue_job('replay-quarantine', '{}', null, null, 1);
    update shelfops_queue._private_jobs set attempts = max_attempts;
    commit"#;

/// Reads every figure of a server of its own: one that has counted what waits counts it again later.
async fn figures(shop: &Shop) -> BTreeMap<String, f64> {
    let server = Server::of(shop, &[]).await;
    let told = server.get("/metrics").send().await;
    assert_eq!(told.status, 200, "{told:?}");
    server.stop().await.succeeds();
    let lines = told.body.lines().filter(|line| !line.starts_with('#'));
    let figure = |line: &str| {
        let (name, figure) = line.rsplit_once(' ').unwrap();
        (name.to_owned(), figure.parse().unwrap())
    };
    lines.map(figure).collect()
}

/// Returns how late each stream is that is told of.
fn lags(figures: &BTreeMap<String, f64>) -> BTreeMap<&'static str, f64> {
    let lag = |stream: &'static str| {
        let name = format!("shelfops_sync_lag_seconds{{stream=\"{stream}\"}}");
        figures.get(&name).map(|lag| (stream, *lag))
    };
    STREAMS.into_iter().filter_map(lag).collect()
}

#[tokio::test]
async fn how_late_connected_systems_are_and_what_waits_of_them_is_told_of_the_one_worst_off() {
    let (shop, vendor) = (shop().await, Vendor::start(|_| ()).await);
    assert!(lags(&figures(&shop).await).is_empty(), "nobody is connected");
    for tenant in ["acme", "bravo"] {
        let add = format!("integration add square --tenant {tenant} -o json");
        vendor.connect(&shop, &add).await.succeeds();
        // Before it was ever read, too: should nobody begin, somebody must hear of it.
        for is_read in [false, true] {
            if is_read {
                let sync = format!("sync run --tenant {tenant} --source square -o json");
                vendor.call(&shop, &sync).await.succeeds();
            }
            let told = figures(&shop).await;
            let known = lags(&told);
            assert_eq!(known.len(), STREAMS.len(), "{told:?}");
            assert!(known.values().all(|lag| (0.0..JUST_NOW).contains(lag)), "{known:?}");
        }
    }
    let told = figures(&shop).await;
    for name in ["notifications_waiting", "notification_oldest_age_seconds", "quarantined_records"]
    {
        assert_eq!(told[&format!("shelfops_{name}")], 0.0, "{told:?}");
    }

    let superuser = shop.database().connect().await.unwrap();
    superuser.batch_execute(ARREARS).await.unwrap();
    let told = figures(&shop).await;
    let known = lags(&told);
    let within = |stream: &str, hours: f64| {
        let least = hours * 3_600.0;
        assert!((least..least + JUST_NOW).contains(&known[stream]), "{stream}: {known:?}");
    };
    within("transactions", 1.0);
    within("products", 2.0);
    within("inventory", 0.0);
    assert_eq!(told["shelfops_notifications_waiting"], 2.0, "{told:?}");
    let oldest = told["shelfops_notification_oldest_age_seconds"];
    assert!((600.0..600.0 + JUST_NOW).contains(&oldest), "{oldest}");
    assert_eq!(told["shelfops_quarantined_records"], 3.0, "{told:?}");
    assert_eq!(told["shelfops_jobs{state=\"dead\"}"], 1.0, "{told:?}");

    // Who wants to be left alone is not late.
    superuser
        .batch_execute(
            "update integrations set status = 'paused' where customer_id in (
                 select customer_id from shelfops.tenants where slug = 'bravo')",
        )
        .await
        .unwrap();
    let told = figures(&shop).await;
    assert!(lags(&told).values().all(|lag| *lag < JUST_NOW), "{told:?}");
}
