//! The registry is whole, delays grow, and rhythms are read as they are written.

use std::collections::BTreeSet;
use std::time::Duration;

use shelfops_db::models::{DueSchedule, Rhythm};
use shelfops_ingest::CustomerId;
use uuid::Uuid;

use super::runner::is_hopeless;
use super::work::Backoff;
use super::{JOBS, find, parse_daily, parse_rhythm, scheduled, shown};
use crate::ops::error::ErrorKind;

#[test]
fn the_registry_lists_every_job_of_the_directory() {
    const SHARED: [&str; 6] = ["mod", "tests", "integration", "runner", "schedules", "work"];
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/src/jobs");
    let files: BTreeSet<String> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .map(|name| name.trim_end_matches(".rs").to_owned())
        .filter(|name| !SHARED.contains(&name.as_str()))
        .map(|name| name.replace('_', "-"))
        .collect();
    let names: BTreeSet<String> = JOBS.iter().map(|work| work.name().to_owned()).collect();
    assert_eq!(files, names);
    assert_eq!(names.len(), JOBS.len(), "a name is used twice");
}

#[test]
fn delays_double_up_to_the_longest() {
    let backoff = Backoff { first: Duration::from_secs(10), longest: Duration::from_secs(60) };
    let delays: Vec<u64> = (0..6).map(|attempt| backoff.after(attempt).as_secs()).collect();
    assert_eq!(delays, [10, 10, 20, 40, 60, 60]);
    assert_eq!(backoff.after(i16::MAX).as_secs(), 60);
}

#[test]
fn one_odd_answer_of_a_vendor_ends_no_job_and_three_do() {
    let ends = |kind| (1..=4).map(|attempt| is_hopeless(kind, attempt)).collect::<Vec<_>>();
    assert_eq!(ends(ErrorKind::VendorTrouble), [false, false, true, true]);
    assert_eq!(ends(ErrorKind::VendorDown), [false; 4]);
    assert_eq!(ends(ErrorKind::ReconnectNeeded), [true; 4]);
}

#[test]
fn rhythms_are_read_and_written_alike() {
    for (text, seconds) in [("10m", 600), ("2h", 7_200), ("1d", 86_400), ("90s", 90)] {
        assert_eq!(parse_rhythm(text).unwrap(), Rhythm::Every { seconds }, "{text}");
        assert_eq!(shown(seconds, None), format!("every {text}"));
    }
    assert_eq!(shown(86_400, Some("04:00")), "daily at 04:00");
    for text in ["", "m", "10", "1s", "59s", "32d", "-5m", "1.5h", "99999999999d", "5 m", "5µ"] {
        assert!(parse_rhythm(text).is_err(), "{text}");
    }
    let four = Rhythm::DailyAt(jiff::civil::time(4, 0, 0, 0));
    assert_eq!(parse_daily("04:00").unwrap(), four);
    for text in ["", "4:00", "24:00", "0400", "04:0", "04-00", "ä4:0"] {
        assert!(parse_daily(text).is_err(), "{text}");
    }
}

#[test]
fn a_schedule_stands_for_a_job_of_whom_it_belongs_to() {
    let due = |kind: &str, customer_id| DueSchedule {
        customer_id,
        kind: kind.to_owned(),
        integration_id: None,
        stream: None,
        due_at: None,
    };
    let acme = CustomerId::new(Uuid::now_v7());
    let job = scheduled(&due("replay-quarantine", Some(acme))).unwrap();
    assert_eq!(job.key.as_deref(), Some("replay-quarantine/arrived"));
    assert_eq!(job.payload["customer_id"], acme.to_string());
    assert!(scheduled(&due("replay-quarantine", None)).is_none());
    assert!(scheduled(&due("timeseries-upkeep", None)).is_some());
    assert!(scheduled(&due("timeseries-upkeep", Some(acme))).is_none());
    assert!(scheduled(&due("nobody-knows", Some(acme))).is_none());
    // What is about an integration needs one.
    for kind in ["sync", "process-webhooks", "refresh-token", "reconcile"] {
        assert!(scheduled(&due(kind, Some(acme))).is_none(), "{kind}");
    }
    assert!(find("nobody-knows").is_err());
}

#[test]
fn jobs_of_an_integration_stand_in_one_queue_and_each_stream_has_its_own_key() {
    let (acme, till) = (CustomerId::new(Uuid::now_v7()), Uuid::now_v7());
    let due = |kind: &str, stream: Option<&str>| DueSchedule {
        customer_id: Some(acme),
        kind: kind.to_owned(),
        integration_id: Some(till),
        stream: stream.map(str::to_owned),
        due_at: Some("2026-03-02T03:10:00Z".parse().unwrap()),
    };
    let jobs = [
        scheduled(&due("sync", Some("transactions"))).unwrap(),
        scheduled(&due("sync", Some("products"))).unwrap(),
        scheduled(&due("process-webhooks", None)).unwrap(),
        scheduled(&due("refresh-token", None)).unwrap(),
        scheduled(&due("reconcile", None)).unwrap(),
    ];
    let queue = till.to_string();
    assert!(jobs.iter().all(|job| job.queue.as_ref() == Some(&queue)));
    let keys: BTreeSet<_> = jobs.iter().map(|job| job.key.clone().unwrap()).collect();
    assert_eq!(keys.len(), jobs.len(), "{keys:?}");
    assert!(keys.contains(&format!("reconcile/{till}/2026-03-02")), "{keys:?}");
    assert!(scheduled(&due("sync", Some("weather"))).is_none());
    for job in jobs {
        let again = find(job.kind).unwrap().rest(job.payload.clone()).unwrap();
        assert_eq!(again, job, "what a job leaves is the same job");
    }
}
