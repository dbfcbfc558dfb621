//! The same plan is read from JSON and from text, in whatever frame it is pasted.

use shelfops_advisor::plans::{Facts, Node, Plan, draw, read, read_value};

use super::bench::bench;

/// Statements whose plans have many kinds of nodes.
const STATEMENTS: [&str; 8] = [
    "select * from lines where product_id = 17",
    "select region, count(*), sum(amount) from lines join stores using (store_id) group by region \
     order by 2 limit 3",
    "with recent as materialized (select * from lines where line_id < 500) \
     select *, (select count(*) from recent as others) from recent where quantity = 1",
    "select * from lines where line_id in (select line_id from tags where tag = 3) order by note",
    "select * from generate_series(1, 5) as place left join stores on store_id = place",
    "select store_id, quantity, count(*) from lines group by rollup (store_id, quantity)",
    "select * from lines as \"Odd Name\" where sold_at < '2026-01-02' or line_id = 7",
    "select * from lines where false",
];

async fn text_of(client: &tokio_postgres::Client, options: &str, sql: &str) -> String {
    let rows = client.query(&format!("explain ({options}) {sql}"), &[]).await.unwrap();
    rows.iter().map(|row| row.get::<_, String>(0) + "\n").collect()
}

/// What text tells of a node as JSON does.
fn shape(node: &Node) -> String {
    format!(
        "{} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
        node.title(),
        node.parent,
        node.relationship.as_deref().map(|it| if it == "Member" || it == "Subquery" {
            "Outer"
        } else {
            it
        }),
        node.subplan_name,
        node.conditions,
        node.estimate.rows,
        node.schema,
        node.output,
    )
}

fn shapes(plan: &Plan) -> Vec<String> {
    plan.nodes.iter().map(shape).collect()
}

#[tokio::test]
async fn text_and_json_say_the_same() {
    let bench = bench().await;
    for sql in STATEMENTS {
        let json = bench.explained(sql, false).await;
        let text = text_of(&bench.client, "verbose, settings", sql).await;
        let read = read(&text).unwrap();
        assert_eq!(shapes(&read), shapes(&json.plan), "{sql}\n{text}");
        assert_eq!(read.settings, json.plan.settings);
    }
}

#[tokio::test]
async fn measures_are_read_from_text() {
    let bench = bench().await.with("set work_mem = '64kB'").await;
    let sql = "select product_id, count(*) from lines where quantity > 2 group by product_id \
               order by count(*), product_id";
    let text = text_of(&bench.client, "analyze, buffers, verbose", sql).await;
    let json = bench.explained(sql, true).await.plan;
    let plan = read(&text).unwrap();
    assert!(plan.execution_ms.unwrap() > 0.0 && plan.planning_ms.unwrap() > 0.0, "{text}");
    let rows =
        |plan: &Plan| -> Vec<Option<f64>> { plan.nodes.iter().map(Node::actual_rows).collect() };
    assert_eq!(rows(&plan), rows(&json), "{text}");
    let removed =
        |plan: &Plan| -> Vec<f64> { plan.nodes.iter().map(Node::filtered_rows).collect() };
    assert_eq!(removed(&plan), removed(&json));
    for (from_text, from_json) in plan.nodes.iter().zip(&json.nodes) {
        assert_eq!(from_text.buffers.temp_written > 0.0, from_json.buffers.temp_written > 0.0);
        let sort = |node: &Node| node.sort.as_ref().map(|it| (it.method.clone(), it.is_on_disk));
        assert_eq!(sort(from_text), sort(from_json));
        assert_eq!(from_text.hash.is_some(), from_json.hash.is_some(), "{text}");
    }
    assert_eq!(plan.nodes[0].buffers.touched() > 0.0, json.nodes[0].buffers.touched() > 0.0);
}

#[tokio::test]
async fn parallel_plans_are_read_from_text_and_their_times_fit_into_the_whole() {
    let bench = bench()
        .await
        .with(
            "set max_parallel_workers_per_gather = 2; set parallel_setup_cost = 0;
             set parallel_tuple_cost = 0; set min_parallel_table_scan_size = 0; set jit = off",
        )
        .await;
    let sql = "select store_id, count(*) from lines where quantity = 3 group by store_id";
    let text = text_of(&bench.client, "analyze, buffers, verbose", sql).await;
    for plan in [read(&text).unwrap(), bench.explained(sql, true).await.plan] {
        assert!(plan.nodes.iter().any(|node| node.is_parallel_aware), "{text}");
        let whole = plan.total_ms().unwrap();
        let own: f64 = plan.nodes.iter().filter_map(|node| node.self_ms).sum();
        assert!(own <= whole * 1.2, "{own} of {whole}\n{text}");
        let scan = plan.nodes.iter().find(|node| node.is_seq_scan()).unwrap();
        let rows = scan.actual_rows().unwrap() + scan.filtered_rows();
        assert!((rows - 50_000.0).abs() < 10.0, "{rows}\n{text}");
    }
}

#[tokio::test]
async fn a_pasted_frame_is_no_matter() {
    let bench = bench().await;
    let sql = STATEMENTS[1];
    let json = bench.explained(sql, true).await;
    let pretty = serde_json::to_string_pretty(&json.raw).unwrap();
    let cell: String = pretty.lines().map(|line| format!(" {line:60}+\n")).collect();
    let framed = format!("      QUERY PLAN      \n----------------------\n{cell}(1 row)\n");
    assert_eq!(shapes(&read(&framed).unwrap()), shapes(&json.plan));

    let text = text_of(&bench.client, "analyze", sql).await;
    let lines: String = text.lines().map(|line| format!(" {line}\n")).collect();
    let framed = format!("   QUERY PLAN\n-------------\n{lines}(12 rows)\n");
    assert_eq!(shapes(&read(&framed).unwrap()), shapes(&read(&text).unwrap()));
    let alone = json.raw[0].clone();
    assert_eq!(shapes(&read_value(alone["Plan"].clone()).unwrap()), shapes(&json.plan));
}

#[tokio::test]
async fn a_drawing_has_every_node_and_the_findings_beside_them() {
    let bench = bench().await;
    let sql = "select * from lines where product_id = 17";
    let plan = bench.explained(sql, true).await.plan;
    let findings = bench.findings(sql).await;
    let drawn = draw(&plan, &Facts::default(), &findings);
    assert!(drawn.contains("Seq Scan on lines [1]"), "{drawn}");
    assert!(drawn.contains("filter: (lines.product_id = 17)  threw away 49,990"), "{drawn}");
    assert!(drawn.contains("executed in"), "{drawn}");
}
