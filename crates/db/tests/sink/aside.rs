//! Weeks that are copied straight into a partition in the making, and weeks that go through the table.

use shelfops_db::Engine;
use shelfops_ingest::Stream;

use super::desk::{Desk, How, sale};
use super::memory_source::Told;
use super::snapshots::{assert_rollups_exact, by_content};
use super::splits::Dice;
use crate::fixture::{Fixture, on_every_engine};

/// Clocks of all kinds: of no, half and quarter hours, with changes of an hour and of half an hour,
/// and one for a store that tells none.
const CLOCKS: [(&str, &str); 7] = [
    ("utc", "UTC"),
    ("berlin", "Europe/Berlin"),
    ("newyork", "America/New_York"),
    ("kathmandu", "Asia/Kathmandu"),
    ("lordhowe", "Australia/Lord_Howe"),
    ("apia", "Pacific/Apia"),
    ("none", ""),
];

async fn open(fixture: &Fixture, slug: &str) -> Desk {
    let desk = Desk::open(fixture, slug, "America/St_Johns").await;
    let stores: Vec<Told> = CLOCKS
        .iter()
        .map(|(id, zone)| {
            let store = Told::new(&[("external_id", id), ("name", id)]);
            if zone.is_empty() { store } else { store.with("time_zone", zone) }
        })
        .collect();
    desk.load(Stream::Stores, &stores, &How::from("stores")).await;
    let products = ["p1", "p2", "p3"].map(|id| Told::new(&[("external_id", id)]));
    desk.load(Stream::Products, &products, &How::from("products")).await;
    desk
}

/// Lines of the weeks in which clocks change, sorted by time; a few of them twice, newer.
fn lines(seed: u64) -> Vec<Told> {
    let mut dice = Dice(seed);
    let mut lines = Vec::new();
    // Mondays; the clocks of New York, Berlin and Lord Howe change in them.
    for (week, monday) in
        ["2026-03-02", "2026-03-23", "2026-03-30", "2026-10-19"].iter().enumerate()
    {
        for number in 0..1_300_i64 {
            let at: jiff::Timestamp = format!("{monday}T00:00:00Z").parse().unwrap();
            let at = at + jiff::SignedDuration::from_secs(number * 604_800 / 1_300);
            let (store, _) = CLOCKS[dice.roll(7) as usize];
            let kind = ["sale", "return", "void", "exchange"][dice.roll(4) as usize];
            let line = sale(
                &format!("{week}-{number}"),
                store,
                ["p1", "p2", "p3"][dice.roll(3) as usize],
                &at.to_string(),
            )
            .with("quantity", format!("{}.{:04}", 1 + dice.roll(9), dice.roll(10_000)))
            .with("total_amount", format!("{}.{:02}", dice.roll(100_000), dice.roll(100)))
            .with("tax_amount", format!("{}.{:02}", dice.roll(100), dice.roll(100)))
            .with("transaction_type", kind)
            .with("updated_at", at);
            if dice.roll(40) == 0 {
                let newer = at + jiff::SignedDuration::from_secs(1);
                lines.push(line.clone().with("total_amount", "0.00").with("store", "apia"));
                lines.push(line.with("updated_at", newer));
            } else {
                lines.push(line);
            }
        }
    }
    lines
}

/// Counts tables that were made in the schema of partitions in the making, from now on.
const WATCH: &str = "
    create table public_asides (made text);
    create function note_aside() returns event_trigger language plpgsql security definer as $$
    begin
        insert into public.public_asides
        select object_identity from pg_event_trigger_ddl_commands()
        where schema_name = 'timeseries_aside' and object_type = 'table'
            and command_tag = 'CREATE TABLE';
    end $$;
    create event trigger note_aside on ddl_command_end when tag in ('CREATE TABLE')
        execute function note_aside();";

#[tokio::test]
async fn both_ways_lead_to_the_same_rows_and_exact_rollups() {
    on_every_engine(async |fixture| {
        let client = fixture.superuser().await;
        client.batch_execute(WATCH).await.unwrap();
        let lines = lines(7);
        let newest = lines.len() as u64;
        let aside = open(fixture, "aside").await;
        // All weeks are new, and come in blocks that are worth partitions of their own.
        let totals =
            aside.load(Stream::Transactions, &lines, &How::from("file").split(3_000, 2_600)).await;
        assert_eq!(totals.read, newest);
        let made = "select count(distinct made) from public_asides";
        let made: i64 = client.query_one(made, &[]).await.unwrap().get(0);
        assert_eq!(made > 2, fixture.engine == Engine::Native, "{made}");
        assert_rollups_exact(fixture, &aside).await;
        // The same weeks, which are there now.
        let through = open(fixture, "through").await;
        through.load(Stream::Transactions, &lines, &How::from("file").split(3_000, 2_600)).await;
        // And in blocks that are too small.
        let small = open(fixture, "small").await;
        small.load(Stream::Transactions, &lines, &How::from("file").split(2_000, 500)).await;
        let contents = by_content(fixture, &aside).await;
        assert_eq!(contents, by_content(fixture, &through).await);
        assert_eq!(contents, by_content(fixture, &small).await);
        for desk in [&through, &small] {
            assert_rollups_exact(fixture, desk).await;
        }
        // Loaded again, whichever way, nothing changes.
        let again = aside.load(Stream::Transactions, &lines, &How::from("again")).await;
        assert_eq!((again.inserted, again.updated), (0, 0), "{again:?}");
        assert_eq!(by_content(fixture, &aside).await, contents);
    })
    .await;
}

#[tokio::test]
async fn the_business_day_is_the_stores_own() {
    on_every_engine(async |fixture| {
        let desk = open(fixture, "shop").await;
        let days = [
            // The last second of a day and the first of the next, around the changes of the clock.
            ("newyork", "2026-03-08T04:59:59Z", "2026-03-07"),
            ("newyork", "2026-03-08T05:00:00Z", "2026-03-08"),
            ("newyork", "2026-03-09T03:59:59Z", "2026-03-08"),
            ("newyork", "2026-03-09T04:00:00Z", "2026-03-09"),
            ("newyork", "2026-11-01T03:59:59Z", "2026-10-31"),
            ("newyork", "2026-11-02T04:59:59Z", "2026-11-01"),
            ("berlin", "2026-03-28T22:59:59Z", "2026-03-28"),
            ("berlin", "2026-03-29T21:59:59Z", "2026-03-29"),
            ("berlin", "2026-03-29T22:00:00Z", "2026-03-30"),
            ("berlin", "2026-10-25T22:59:59Z", "2026-10-25"),
            ("kathmandu", "2026-06-01T18:14:59Z", "2026-06-01"),
            ("kathmandu", "2026-06-01T18:15:00Z", "2026-06-02"),
            ("lordhowe", "2026-04-04T12:59:59Z", "2026-04-04"),
            ("lordhowe", "2026-04-05T13:29:59Z", "2026-04-05"),
            ("apia", "2026-06-01T10:59:59Z", "2026-06-01"),
            ("utc", "2026-06-01T23:59:59.999999Z", "2026-06-01"),
            // The tenant's clock, for a store that tells none.
            ("none", "2026-06-01T02:29:59Z", "2026-05-31"),
            ("none", "2026-06-01T02:30:00Z", "2026-06-01"),
        ];
        let lines: Vec<Told> = days
            .iter()
            .enumerate()
            .map(|(number, (store, at, _))| sale(&number.to_string(), store, "p1", at))
            .collect();
        desk.load(Stream::Transactions, &lines, &How::from("few")).await;
        // The same moments among enough lines for partitions of their own, in another tenant.
        let many = open(fixture, "many").await;
        let mut padded = Vec::new();
        for (line, (_, at, _)) in lines.iter().zip(days) {
            padded.push(line.clone());
            padded
                .extend((0..1_000).map(|number| sale(&format!("{at}-{number}"), "utc", "p2", at)));
        }
        if fixture.engine == Engine::Native {
            let client = fixture.superuser().await;
            client
                // As if nothing had ever been there: what was dropped would never come again.
                .batch_execute(
                    "select shelfops.drop_chunks('transactions', '2028-01-01');
                     update shelfops.timeseries_tables set dropped_before = null",
                )
                .await
                .unwrap();
            client.batch_execute("truncate daily_sales, hourly_sales").await.unwrap();
        }
        many.load(Stream::Transactions, &padded, &How::from("many").split(100_000, 4_000)).await;
        let client = fixture.superuser().await;
        let storage = super::snapshots::storage(&client, "transactions").await;
        let sql = format!(
            "select external_id, business_date::text from {storage}
             where customer_id = $1 and external_id = any ($2)"
        );
        let ids: Vec<String> = (0..days.len()).map(|number| number.to_string()).collect();
        for desk in [&desk, &many] {
            let rows = client.query(&sql, &[&desk.customer_id.as_uuid(), &ids]).await.unwrap();
            let is_dropped =
                fixture.engine == Engine::Native && desk.customer_id != many.customer_id;
            assert_eq!(rows.len(), if is_dropped { 0 } else { days.len() });
            for row in rows {
                let (store, at, day) = days[row.get::<_, String>(0).parse::<usize>().unwrap()];
                assert_eq!(row.get::<_, String>(1), day, "{store} {at}");
            }
        }
        many.refresh().await;
        assert_rollups_exact(fixture, &many).await;
    })
    .await;
}
