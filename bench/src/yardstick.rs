//! The yardstick: plain COPY, by psql's own path, into a table with the same guarantees.
//!
//! Primary key, unique key, two indexes, two foreign keys, weekly partitions; ids are given, times
//! are typed, nothing is validated, mapped or isolated.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::Instant;

use bytes::Bytes;
use futures::SinkExt;
use tokio_postgres::Client;

use crate::server::BenchServer;

/// Rows ready for COPY, and what they refer to.
pub(crate) struct Yardstick {
    rows: PathBuf,
}

impl Yardstick {
    /// Rewrites the benchmark's lines as rows of the yardstick's table.
    pub(crate) fn prepare(files: &[PathBuf], directory: &Path) -> anyhow::Result<Self> {
        let rows = directory.join("yardstick.csv");
        let mut out = std::io::BufWriter::new(std::fs::File::create(&rows)?);
        let mut number = 0_u64;
        for (tenant, file) in files.iter().enumerate() {
            let reader = BufReader::new(std::fs::File::open(file)?);
            for line in reader.lines().skip(1) {
                number += 1;
                write_row(&mut out, tenant, number, &line?)?;
            }
        }
        std::io::Write::flush(&mut out)?;
        Ok(Self { rows })
    }

    /// Copies the rows into a new table; answers the seconds.
    pub(crate) async fn copy(
        &self,
        server: &BenchServer,
        constrained: bool,
    ) -> anyhow::Result<f64> {
        server.fresh("bench_yardstick").await?;
        let client = server.connect("bench_yardstick").await?;
        client.batch_execute(TABLES).await?;
        if constrained {
            client.batch_execute(&constraints()).await?;
        } else {
            client.batch_execute("create table tx (like columns_of_tx)").await?;
        }
        server.settle().await?;
        let started = Instant::now();
        stream(&client, &self.rows).await?;
        let seconds = started.elapsed().as_secs_f64();
        drop(client);
        server.drop("bench_yardstick").await?;
        Ok(seconds)
    }
}

/// A random id from a number: the mixing function of splitmix64, twice.
fn random_id(number: u64) -> String {
    let mix = |mut value: u64| {
        value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ (value >> 31)
    };
    let (high, low) = (mix(number), mix(!number));
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        low >> 52,
        low & 0xffff_ffff_ffff
    )
}

/// The id of a store or product from the digits of its code.
fn parent_id(code: &str) -> String {
    let digits: String = code.chars().filter(char::is_ascii_digit).collect();
    format!("00000000-0000-4000-8000-{digits:0>12}")
}

fn write_row(
    out: &mut impl std::io::Write,
    tenant: usize,
    number: u64,
    line: &str,
) -> std::io::Result<()> {
    // external_id,order_id,store,product,occurred_at,type,quantity,unit_price,discount,total,currency
    let fields: Vec<&str> = line.split(',').collect();
    let id = random_id(number);
    writeln!(
        out,
        "{id},00000000-0000-4000-9000-{:012},{},{},{},{},{},{},{},{},{},{}",
        tenant + 1,
        parent_id(fields[2]),
        parent_id(fields[3]),
        fields[4],
        fields[5],
        fields[6],
        fields[7],
        fields[8],
        fields[9],
        fields[10],
        fields[0],
    )
}

async fn stream(client: &Client, rows: &Path) -> anyhow::Result<()> {
    use std::io::Read;

    let mut sink = pin!(client.copy_in("copy tx from stdin (format csv)").await?);
    let mut file = std::fs::File::open(rows)?;
    loop {
        let mut buffer = vec![0; 128 * 1024];
        let read = file.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        buffer.truncate(read);
        sink.send(Bytes::from(buffer)).await?;
    }
    sink.finish().await?;
    Ok(())
}

const TABLES: &str = "
    create table stores (store_id uuid primary key);
    insert into stores
    select format('00000000-0000-4000-8000-%s', lpad(n::text, 12, '0'))::uuid
    from generate_series(1, 999) as n;
    create table products (product_id uuid primary key);
    insert into products
    select format('00000000-0000-4000-8000-%s', lpad(n::text, 12, '0'))::uuid
    from generate_series(1, 9999) as n;
    create table columns_of_tx (
        transaction_id uuid not null,
        customer_id uuid not null,
        store_id uuid not null,
        product_id uuid not null,
        ts timestamptz not null,
        transaction_type text not null,
        quantity numeric(14, 4) not null,
        unit_price numeric(19, 4) not null,
        discount numeric(19, 4) not null,
        total numeric(19, 4) not null,
        currency text not null,
        external_id text not null
    );
    analyze";

/// Fourteen weeks from the first Monday of 2026, as the benchmark's lines need.
fn constraints() -> String {
    let mut text = String::from(
        "create table tx (
             like columns_of_tx,
             primary key (transaction_id, ts),
             unique (customer_id, external_id, ts),
             foreign key (store_id) references stores,
             foreign key (product_id) references products
         ) partition by range (ts);
         create index on tx (store_id, ts desc);
         create index on tx (product_id, ts desc);",
    );
    for week in -1..14 {
        let _ = write!(
            text,
            "create table tx_{} partition of tx
             for values from ('2026-01-05 00:00+00'::timestamptz + {week} * interval '7 days')
             to ('2026-01-05 00:00+00'::timestamptz + {} * interval '7 days');",
            week + 1,
            week + 1
        );
    }
    text
}
