//! The same run is read from each of the server's formats, and no line makes it panic.

use proptest::prelude::*;

use super::{LogReading, read_log};

fn reading(log: &str) -> LogReading {
    read_log(log.as_bytes()).unwrap()
}

const PEOPLE: &str = "\
2026-11-27 02:37:28.049 UTC [11573] LOG:  duration: 77.143 ms  plan:
\tQuery Text: select count(*) from lines
\t  where note like '%y%';
\tAggregate  (cost=6562.60..6562.61 rows=1 width=8)
\t  ->  Seq Scan on lines  (cost=0.00..5562.50 rows=1 width=0)
\t        Filter: (note ~~ '%y%'::text)
2026-11-27 02:37:28.049 UTC [11573] LOG:  duration: 80.258 ms  statement: select count(*) from lines
\t  where note like '%y%';
2026-11-27 02:37:28.077 UTC [11573] LOG:  duration: 0.6 ms  parse <unnamed>: select 1
2026-11-27 02:37:28.077 UTC [11573] ERROR:  relation \"nowhere\" does not exist at character 15
2026-11-27 02:37:28.077 UTC [11573] STATEMENT:  select * from nowhere
2026-11-27 02:37:28.164 UTC [11573] LOG:  duration: 1500.5 ms  execute <unnamed>: select * from lines where line_id = $1
2026-11-27 02:37:28.164 UTC [11573] DETAIL:  parameters: $1 = '17'
2026-11-27 02:37:28.164 UTC [11573] LOG:  duration: 67.2 ms  statement: execute a(3);
2026-11-27 02:37:28.164 UTC [11573] DETAIL:  prepare: prepare a as select count(*) from lines where quantity=$1
\t  and note <> 'x';
2026-11-27 02:40:00.000 UTC [11600] LOG:  process 11600 still waiting for ShareLock on transaction 4711 after 1000.123 ms
2026-11-27 02:40:00.000 UTC [11600] DETAIL:  Process holding the lock: 11573. Wait queue: 11600.
2026-11-27 02:40:00.000 UTC [11600] STATEMENT:  update lines set quantity = 3 where line_id = 5
";

#[test]
fn a_log_for_people_is_read() {
    let reading = reading(PEOPLE);
    let texts: Vec<&str> = reading.statements.iter().map(|it| it.text.as_str()).collect();
    assert_eq!(
        texts,
        [
            "select * from lines where line_id = ?",
            "select count(*) from lines where note like ?",
            "prepare a as select count(*) from lines where quantity=? and note <> ?",
        ]
    );
    let slowest = &reading.statements[0];
    assert_eq!((slowest.calls, slowest.max_ms), (1, 1500.5));
    assert_eq!(slowest.parameters.as_deref(), Some("$1 = '17'"));
    assert_eq!(slowest.last_at.as_deref(), Some("2026-11-27 02:37:28.164 UTC"));
    let planned = &reading.statements[1];
    assert_eq!((planned.calls, planned.total_ms), (1, 80.258), "logged twice, run once");
    let plan = planned.read_plan().unwrap().unwrap();
    assert_eq!(plan.nodes[1].title(), "Seq Scan on lines");
    let wait = &reading.waits[0];
    assert_eq!(wait.lock, "ShareLock on transaction 4711");
    assert_eq!(wait.text.as_deref(), Some("update lines set quantity = ? where line_id = ?"));
}

#[test]
fn the_slowest_run_that_has_its_values_is_kept() {
    let log = "LOG:  duration: 60.1 ms  execute <unnamed>: select * from lines where line_id = $1\n\
        DETAIL:  parameters: $1 = '17'\n\
        LOG:  duration: 90.1 ms  plan:\n\tQuery Text: select * from lines where line_id = $1\n\
        \tSeq Scan on lines  (cost=0.00..1.00 rows=1 width=0)\n\
        LOG:  duration: 50.1 ms  execute <unnamed>: select * from lines where line_id = $1\n\
        DETAIL:  parameters: $1 = '18'\n";
    let planned = "LOG:  duration: 99.1 ms  plan:\n\tQuery Text: select * from lines where line_id = $1\n\
        \tQuery Parameters: $1 = '19'\n\tSeq Scan on lines  (cost=0.00..1.00 rows=1 width=0)\n";
    let kept = |log: &str| reading(log).statements.remove(0);
    let counted = "select * from lines where line_id = $1";
    let one = kept(log);
    assert_eq!((one.max_ms, one.slowest_ms), (90.1, 60.1));
    assert_eq!(one.values_for(counted).unwrap(), ["17"]);
    assert_eq!(kept(&format!("{log}{planned}")).values_for(counted).unwrap(), ["19"]);
}

#[test]
fn other_prefixes_are_no_matter() {
    for prefix in
        ["", "app@db ", "[7-1] user=app,db=shop,client=[local] ", "<2026-01-01 10:00:00 CET>"]
    {
        let log = format!("{prefix}LOG:  duration: 12.5 ms  statement: select 1\n");
        assert_eq!(reading(&log).statements.len(), 1, "{prefix}");
    }
}

#[test]
fn a_log_for_spreadsheets_is_read() {
    let log = "2026-11-27 02:37:28.254 UTC,\"postgres\",\"shop\",11573,\"[local]\",6b08ece7.2d35,8,\"SELECT\",\
        2026-11-27 02:37:27 UTC,4/231,0,LOG,00000,\"duration: 64.177 ms  plan:\n\
        {\n  \"\"Query Text\"\": \"\"select count(*) from lines where quantity=4;\"\",\n  \"\"Plan\"\": {\n\
        \"\"Node Type\"\": \"\"Seq Scan\"\", \"\"Relation Name\"\": \"\"lines\"\"\n  }\n}\",,,,,,,,,\"psql\",\
        \"client backend\",,117419024135296955\n\
        2026-11-27 02:37:28.254 UTC,\"postgres\",\"shop\",11573,\"[local]\",6b08ece7.2d35,9,\"SELECT\",\
        2026-11-27 02:37:27 UTC,4/0,0,LOG,00000,\"duration: 64.649 ms  statement: select count(*) from lines \
        where quantity=4;\",,,,,,,,,\"psql\",\"client backend\",,117419024135296955\n";
    let reading = reading(log);
    assert_eq!((reading.entries, reading.statements.len()), (2, 1));
    let statement = &reading.statements[0];
    assert_eq!(statement.query_id, Some(117_419_024_135_296_955));
    assert_eq!((statement.calls, statement.total_ms), (1, 64.649));
    assert_eq!(statement.read_plan().unwrap().unwrap().nodes[0].title(), "Seq Scan on lines");
}

#[test]
fn a_log_for_programs_is_read() {
    let log = "{\"timestamp\":\"2026-11-27 02:37:28.164 UTC\",\"error_severity\":\"LOG\",\"message\":\"duration: \
        67.204 ms  statement: execute a(3);\",\"detail\":\"prepare: prepare a as select 1 where 2=$1\",\
        \"query_id\":13675}\n\
        {\"timestamp\":\"2026-11-27 02:37:29 UTC\",\"message\":\"duration: 50 ms  plan:\\nQuery Text: select 2\\n\
        Result  (cost=0.00..0.01 rows=1 width=4)\",\"query_id\":-5}\n\
        not json\n";
    let reading = reading(log);
    let texts: Vec<&str> = reading.statements.iter().map(|it| it.text.as_str()).collect();
    assert_eq!(texts, ["prepare a as select ? where ?=?", "select ?"]);
    assert_eq!(reading.statements[1].query_id, Some(-5));
    assert_eq!((reading.statements[1].calls, reading.statements[1].total_ms), (1, 50.0));
}

#[test]
fn what_is_no_log_has_no_statements() {
    for text in ["", "hello\nworld\n", "{\n", ",,,,,,,,,,,,,,\n\"", "LOG:  \n", "\tlost\n"] {
        assert!(reading(text).statements.is_empty(), "{text}");
    }
}

proptest! {
    #[test]
    fn no_line_makes_it_panic(lines in prop::collection::vec(
        prop_oneof![
            ".{0,80}",
            Just("2026-01-01 10:00:00 UTC [1] LOG:  duration: 1 ms  plan:".to_owned()),
            Just("\tQuery Text: select 'é".to_owned()),
            Just("LOG:  duration: NaN ms  statement: x".to_owned()),
            Just("DETAIL:  parameters: $1".to_owned()),
            Just("a,\"b".to_owned()),
        ],
        0..20,
    )) {
        let _ = read_log(lines.join("\n").as_bytes());
    }
}
