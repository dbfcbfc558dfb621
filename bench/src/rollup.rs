//! One tenant's daily sales of 30 days: through the rollup, and from the lines themselves.

use std::time::Instant;

use tokio_postgres::Client;

use crate::report::{Report, median};
use crate::server::BenchServer;

/// How often each query is run.
const RUNS: usize = 7;

const THROUGH_ROLLUP: &str = "
    select business_date, sum(sales_amount - returned_amount)
    from daily_sales
    where customer_id = (select shelfops.current_customer_id())
        and business_date >= date '2026-02-02' and business_date < date '2026-03-04'
    group by business_date order by business_date";

const FROM_LINES: &str = "
    select business_date, sum(total_amount) filter (where transaction_type = 'sale')
        - coalesce(sum(total_amount) filter (where transaction_type = 'return'), 0)
    from transactions
    where customer_id = (select shelfops.current_customer_id())
        and occurred_at >= timestamptz '2026-02-01' and occurred_at < timestamptz '2026-03-05'
        and business_date >= date '2026-02-02' and business_date < date '2026-03-04'
    group by business_date order by business_date";

/// Measures and reports.
pub(crate) async fn measure(
    server: &BenchServer,
    database: &str,
    slug: &str,
    report: &mut Report,
) -> anyhow::Result<()> {
    let client = server.connect(database).await?;
    client.batch_execute("vacuum analyze").await?;
    enter(&client, slug).await?;
    let rollup = timed(&client, THROUGH_ROLLUP).await?;
    let lines = timed(&client, FROM_LINES).await?;
    anyhow::ensure!(rollup.1 == lines.1, "rollup and lines differ: {rollup:?} {lines:?}");
    report.add(
        "Daily sales of a tenant's month: from lines ÷ through the rollup",
        format!("{:.1} ms ÷ {:.2} ms", lines.0 * 1e3, rollup.0 * 1e3),
        Some(lines.0 / rollup.0),
        "≥ 50",
    );
    Ok(())
}

/// Steps into a tenant as the application role, for the rest of the connection's transaction.
pub(crate) async fn enter(client: &Client, slug: &str) -> anyhow::Result<()> {
    client.batch_execute("begin").await?;
    client
        .execute(
            "select shelfops.enter_tenant(customer_id) from shelfops.tenants where slug = $1",
            &[&slug],
        )
        .await?;
    client.batch_execute("set local role shelfops_app").await?;
    Ok(())
}

/// Runs a query several times; answers the median in seconds, and the rows as text.
pub(crate) async fn timed(client: &Client, sql: &str) -> anyhow::Result<(f64, Vec<String>)> {
    let mut seconds = Vec::new();
    let mut rows = Vec::new();
    for _ in 0..RUNS {
        let started = Instant::now();
        let answer = client.simple_query(sql).await?;
        seconds.push(started.elapsed().as_secs_f64());
        rows = answer
            .iter()
            .filter_map(|message| match message {
                tokio_postgres::SimpleQueryMessage::Row(row) => Some(
                    (0..row.len())
                        .map(|column| row.get(column).unwrap_or_default().to_owned())
                        .collect::<Vec<_>>()
                        .join(" "),
                ),
                _ => None,
            })
            .collect();
    }
    Ok((median(seconds), rows))
}
