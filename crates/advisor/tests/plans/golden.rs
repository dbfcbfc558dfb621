//! Plans of other versions, kept: each must be read, and say what it said when it was kept.
//!
//! Those of version 15 were printed by a server; the others are kept in the words that their versions
//! have for the same.

use shelfops_advisor::plans::findings::look;
use shelfops_advisor::plans::{Facts, Plan, read};

fn golden(name: &str) -> Plan {
    let path = format!("{}/tests/golden/{name}", env!("CARGO_MANIFEST_DIR"));
    read(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn rules(plan: &Plan) -> Vec<&'static str> {
    let mut rules: Vec<_> =
        look(plan, &Facts::default(), None).iter().map(|finding| finding.rule).collect();
    rules.sort_unstable();
    rules.dedup();
    rules
}

fn titles(plan: &Plan) -> Vec<String> {
    plan.nodes.iter().map(|node| node.title()).collect()
}

#[test]
fn a_parallel_plan_of_15_in_text() {
    let plan = golden("15-parallel.txt");
    assert_eq!(plan.nodes.len(), 10);
    assert_eq!(plan.nodes[2].title(), "Finalize GroupAggregate");
    assert_eq!(plan.query_id, Some(6_775_808_104_214_296_680));
    assert_eq!(plan.planning_buffers.touched(), 253.0);
    let scan = plan.nodes.iter().find(|node| node.is_parallel_aware).unwrap();
    assert_eq!(scan.title(), "Parallel Seq Scan on lines l");
    assert_eq!(scan.filtered_rows(), 257_142.0);
    // Three processes: the clock saw a third of their sum.
    assert!((scan.total_ms.unwrap() - 52.024).abs() < 0.001);
    assert_eq!(rules(&plan), ["hash-spill"; 0]);
}

#[test]
fn spills_of_15_in_text() {
    let plan = golden("15-spills.txt");
    assert_eq!(titles(&plan)[..2], ["Sort", "Hash Join"]);
    assert_eq!(plan.nodes[0].sort.as_ref().unwrap().space_kb, 49_352.0);
    assert_eq!(plan.nodes[3].hash.unwrap().batches, 512.0);
    assert_eq!(plan.jit.unwrap().total_ms, 40.967);
    assert_eq!(rules(&plan), ["hash-spill", "sort-spill", "wide-result"]);
}

#[test]
fn a_plan_that_never_ran_in_part_of_15_in_text() {
    let plan = golden("15-never-executed.txt");
    assert_eq!(plan.nodes.iter().filter(|node| node.never_ran()).count(), 6);
    let cte = plan.nodes.iter().find(|node| node.subplan_name.as_deref() == Some("CTE x"));
    assert_eq!(cte.unwrap().relationship.as_deref(), Some("InitPlan"));
    let below_root = plan.children(&plan.nodes[0]).map(|node| node.title());
    assert_eq!(
        below_root.collect::<Vec<_>>(),
        ["Gather", "Aggregate", "Aggregate", "Seq Scan on stores s", "Materialize"]
    );
}

#[test]
fn memoize_and_incremental_sort_of_16() {
    let plan = golden("16-memoize.json");
    let memoize = plan.nodes.iter().find_map(|node| node.memoize).unwrap();
    assert_eq!((memoize.hits, memoize.misses), (49_800.0, 200.0));
    let sort = plan.nodes[0].sort.as_ref().unwrap();
    assert!(sort.is_on_disk && sort.space_kb == 4_096.0, "{sort:?}");
    assert!(rules(&plan).contains(&"sort-spill"));
}

#[test]
fn shared_and_local_times_and_serialization_of_17() {
    let plan = golden("17-io.json");
    assert_eq!(plan.nodes[0].buffers.read_ms, 812.5);
    assert!(plan.other.contains_key("Serialization"), "{:?}", plan.other);
    assert!(rules(&plan).contains(&"io-heavy"), "{:?}", rules(&plan));
}

#[test]
fn rows_with_fractions_index_searches_and_disabled_nodes_of_18() {
    let plan = golden("18-fractions.json");
    let inner = plan.nodes.last().unwrap();
    assert_eq!(inner.actual.unwrap().rows, 0.37);
    assert_eq!(inner.other.get("Index Searches").and_then(|it| it.as_i64()), Some(5_000));
    assert_eq!(plan.nodes[0].other.get("Disabled").and_then(|it| it.as_bool()), Some(false));

    let text = golden("18-fractions.txt");
    assert_eq!(titles(&text), titles(&plan));
    assert_eq!(text.nodes[1].actual.unwrap().rows, 5_000.0);
    assert_eq!(text.nodes.last().unwrap().actual.unwrap().rows, 0.37);
}

#[test]
fn chunks_of_timescaledb_in_text() {
    let plan = golden("15-timescaledb.txt");
    assert_eq!(plan.nodes[0].title(), "Custom Scan (ChunkAppend) on readings");
    let decompress = &plan.nodes[1];
    assert_eq!(decompress.provider.as_deref(), Some("DecompressChunk"));
    assert_eq!(decompress.conditions.vectorized_filter.as_deref(), Some("(amount > 990)"));
    assert_eq!(rules(&plan), ["chunk-decompressed"]);
}
