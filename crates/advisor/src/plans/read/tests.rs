//! Whatever is read, nothing panics, and what is not known is kept.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{read, read_value};
use crate::plans::findings::look;
use crate::plans::{Facts, PlanError, draw};

/// Reads an input and does with its plan all that is ever done.
fn use_up(input: &str) {
    if let Ok(plan) = read(input) {
        let findings = look(&plan, &Facts::default(), Some(1e9));
        let drawn = draw(&plan, &Facts::default(), &findings);
        // What is alike in many parts of a table is drawn once.
        assert!(drawn.lines().count() > 2);
        for node in &plan.nodes {
            assert!(node.self_ms.is_none_or(|ms| ms >= 0.0), "{node:?}");
        }
    }
}

#[test]
fn what_is_no_plan_is_said_to_be_none() {
    for input in ["", "hello", "[]", "{}", "[1, 2]", "{\"Plan\": 3}", "[{\"Plan\": []}]"] {
        assert!(matches!(read(input), Err(PlanError::NoPlan)), "{input}");
    }
    assert!(matches!(read("[{\"Plan\": {\"Node"), Err(PlanError::BadJson(_))));
}

#[test]
fn nodes_and_fields_of_tomorrow_are_kept() {
    let plan = read_value(json!([{
        "Plan": {
            "Node Type": "Quantum Scan", "Relation Name": "t", "Entangled": true, "Plan Rows": 5,
            "Plans": [{ "Node Type": "Seq Scan", "Disabled": false, "Actual Loops": "never" }],
        },
        "Serialization": { "Time": 1.5 },
    }]))
    .unwrap();
    assert_eq!(plan.nodes[0].title(), "Quantum Scan on t");
    assert_eq!(plan.nodes[0].other.get("Entangled"), Some(&Value::Bool(true)));
    assert_eq!(plan.nodes[1].other.get("Disabled"), Some(&Value::Bool(false)));
    assert_eq!(plan.other.get("Serialization"), Some(&json!({ "Time": 1.5 })));
}

#[test]
fn impossible_numbers_do_no_harm() {
    let node = |number: Value| {
        json!([{ "Plan": {
            "Node Type": "Nested Loop", "Total Cost": number, "Plan Rows": number,
            "Actual Total Time": number, "Actual Rows": number, "Actual Loops": number,
            "Rows Removed by Join Filter": number, "Lossy Heap Blocks": number,
        }, "Execution Time": number }])
    };
    for number in [json!(-1), json!(0), json!(1e308), json!("1e999"), json!("NaN"), json!(null)] {
        use_up(&node(number).to_string());
    }
}

#[test]
fn deep_plans_are_read_or_refused() {
    let nested = |levels: usize| {
        let mut text = "Limit  (cost=0.00..1.00 rows=1 width=4)\n".to_owned();
        for level in 1..levels {
            text.push_str(&" ".repeat(level * 2));
            text.push_str("->  Limit  (cost=0.00..1.00 rows=1 width=4)\n");
        }
        text
    };
    use_up(&nested(250));
    assert_eq!(read(&nested(250)).unwrap().nodes.len(), 250);
    assert!(matches!(read(&nested(3_000)), Err(PlanError::TooDeep { .. })));
    let json = "{\"Node Type\": \"Limit\", \"Plans\": [".repeat(5_000);
    assert!(matches!(read(&format!("[{{\"Plan\": {json}")), Err(PlanError::BadJson(_))));
}

/// Lines as plans have them, and such as they never have.
fn line() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "->  ",
        "Seq Scan on t",
        "Index Scan using k on t a",
        "(cost=0.42..8.44 rows=1 width=4)",
        "(actual time=0.1..2.0 rows=3 loops=2)",
        "(never executed)",
        "Filter: ((a)::date = 'x'::date)",
        "Sort Key: a, b",
        "Buffers: shared hit=1 read=2, temp written=3",
        "Worker 0:  ",
        "Planning:",
        "JIT:",
        "Timing: Total 3.0 ms",
        "CTE x",
        "SubPlan 1",
        "InitPlan 2 (returns $0)",
        "Batches: ",
        "Sort Method: external merge  Disk: 9kB",
        "Trigger t: time=1.0 calls=2",
        "Custom Scan (X) on",
        "\"",
        "'",
        "(",
        ")",
        "=",
        "é",
        "Settings: a = 'b'",
        "Parallel ",
        "Partial ",
        " on ",
        " using ",
        "Heap Blocks: exact=1 lossy=9",
        "rows=",
        "cost=..",
        "Rows Removed by Filter: 99999999",
    ]);
    (0_usize..12, prop::collection::vec(pieces, 0..6))
        .prop_map(|(indent, pieces)| format!("{}{}", " ".repeat(indent), pieces.concat()))
}

/// Documents with the words of plans in places where they do not belong.
fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(|number| json!(number)),
        any::<f64>().prop_map(|number| json!(number)),
        line().prop_map(Value::String),
    ];
    leaf.prop_recursive(6, 64, 8, |inner| {
        let names = prop::sample::select(vec![
            "Plan",
            "Plans",
            "Node Type",
            "Filter",
            "Actual Rows",
            "Actual Loops",
            "Plan Rows",
            "JIT",
            "Timing",
            "Triggers",
            "Sort Key",
            "Actual Total Time",
            "Relation Name",
            "Workers",
            "Output",
            "Subplan Name",
            "Parent Relationship",
            "Full-sort Groups",
            "Execution Time",
            "Settings",
        ]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            prop::collection::vec((names, inner), 0..8).prop_map(|entries| {
                Value::Object(entries.into_iter().map(|(name, it)| (name.to_owned(), it)).collect())
            }),
        ]
    })
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(lines in prop::collection::vec(line(), 0..30)) {
        use_up(&lines.join("\n"));
    }

    #[test]
    fn no_characters_make_it_panic(input in ".{0,300}") {
        use_up(&input);
    }

    #[test]
    fn no_document_makes_it_panic(plan in document(), beside in document()) {
        use_up(&json!([{ "Plan": plan, "JIT": beside }]).to_string());
        use_up(&json!({ "Plan": { "Node Type": "Hash Join", "Plans": [plan, beside] } }).to_string());
    }
}
