//! Each piece of advice for a series made for it.

use jiff::{SignedDuration, Timestamp};

use super::{
    Chunk, ChunkVerdict, Series, advise_chunk_size, check_order, compressed_by, dropped_by,
    forecast, packed_again_by,
};

const MIB: i64 = 1 << 20;

fn days(count: i64) -> SignedDuration {
    SignedDuration::from_hours(count * 24)
}

fn now() -> Timestamp {
    "2026-06-01T00:00:00Z".parse().unwrap()
}

/// Weeks that are over, each of `mebibytes`, the oldest first, and the present one with half as much.
fn weekly(count: i64, mebibytes: i64) -> Series {
    let chunk = |weeks_ago: i64, bytes: i64| Chunk {
        name: format!("week_{weeks_ago}"),
        starts_at: now() - days(7 * weeks_ago),
        ends_at: now() - days(7 * (weeks_ago - 1)),
        bytes,
        bytes_before: None,
        rows: bytes / 350,
        is_compressed: false,
        is_partial: false,
    };
    let mut chunks: Vec<Chunk> =
        (1..=count).rev().map(|weeks_ago| chunk(weeks_ago, mebibytes * MIB)).collect();
    chunks.push(chunk(0, mebibytes * MIB / 2));
    Series {
        table: "readings".to_owned(),
        chunk_length: days(7),
        compress_after: Some(days(45)),
        retain_for: None,
        can_compress: true,
        chunks,
    }
}

/// The chunks older than ten weeks are compressed to a tenth.
fn packed(mut series: Series) -> Series {
    for chunk in &mut series.chunks {
        if chunk.ends_at <= now() - days(70) {
            chunk.bytes_before = Some(chunk.bytes);
            chunk.bytes /= 10;
            chunk.is_compressed = true;
        }
    }
    series
}

#[test]
fn growth_is_measured_on_chunks_that_are_over_and_as_if_uncompressed() {
    let growth = packed(weekly(20, 70)).growth(now()).unwrap();
    assert!((growth.bytes_a_day - 10.0 * MIB as f64).abs() < 1.0, "{growth:?}");
    assert!((growth.measured_days - 91.0).abs() < 1e-9, "{growth:?}");
    assert!((growth.compressed_share.unwrap() - 0.1).abs() < 1e-6, "{growth:?}");
    // Of a week of which an eighth is over, an eighth of the days.
    let mut young = weekly(0, 140);
    young.chunks[0].starts_at = now() - days(1);
    let growth = young.growth(now()).unwrap();
    assert!((growth.bytes_a_day - 70.0 * MIB as f64).abs() < 1.0, "{growth:?}");
    assert_eq!(weekly(0, 0).growth(now()), None);
}

#[test]
fn a_chunk_is_as_long_as_memory_allows() {
    let budget = 512.0 * MIB as f64;
    let fits = advise_chunk_size(&weekly(12, 300), now(), budget, 1.0).unwrap();
    assert_eq!((fits.verdict, fits.recommended), (ChunkVerdict::Fits, "7 days"));
    let advice = advise_chunk_size(&weekly(12, 2_000), now(), budget, 1.0).unwrap();
    assert_eq!((advice.verdict, advice.recommended), (ChunkVerdict::TooLong, "1 day"));
    assert!(advice.because.contains("286 MiB a day × 7 days = 2.0 GiB"), "{}", advice.because);
    // Half of the memory is another table's.
    let advice = advise_chunk_size(&weekly(12, 300), now(), budget, 0.5).unwrap();
    assert_eq!((advice.verdict, advice.recommended), (ChunkVerdict::TooLong, "1 day"));
}

#[test]
fn tiny_chunks_without_end_should_be_longer() {
    let mut hourly = weekly(12, 7);
    hourly.chunk_length = SignedDuration::from_hours(1);
    let advice = advise_chunk_size(&hourly, now(), 512.0 * MIB as f64, 1.0).unwrap();
    assert_eq!((advice.verdict, advice.recommended), (ChunkVerdict::TooShort, "91 days"));
    assert!(advice.chunk_count > 26_000.0, "{advice:?}");
    // Kept for a week they are few.
    hourly.retain_for = Some(days(7));
    let advice = advise_chunk_size(&hourly, now(), 512.0 * MIB as f64, 1.0).unwrap();
    assert_eq!((advice.verdict, advice.recommended), (ChunkVerdict::Fits, "1 hour"));
}

#[test]
fn what_a_policy_touches_is_listed_with_its_bytes() {
    let series = packed(weekly(20, 70));
    let touched = compressed_by(&series, days(45), now());
    let names: Vec<_> = touched.chunks.iter().map(|chunk| &*chunk.name).collect();
    // Those older than 45 days that are not compressed: their ends are 49, 56 and 63 days ago.
    assert_eq!(names, ["week_10", "week_9", "week_8"]);
    assert_eq!(touched.bytes, 210 * MIB);
    assert_eq!(touched.freed_bytes.unwrap() / MIB, 189);
    let unknown = compressed_by(&weekly(20, 70), days(45), now());
    assert_eq!(unknown.freed_bytes, None, "nothing was compressed, so nothing is promised");
    let dropped = dropped_by(&series, days(7 * 18), now());
    let names: Vec<_> = dropped.chunks.iter().map(|chunk| &*chunk.name).collect();
    assert_eq!(names, ["week_20", "week_19"]);
    assert_eq!(dropped.freed_bytes, Some(14 * MIB));
    let mut late = series;
    late.chunks[2].is_partial = true;
    assert_eq!(packed_again_by(&late).chunks[0].name, "week_18");
}

#[test]
fn a_forecast_counts_what_is_compressed_and_dropped() {
    let mut series = weekly(20, 70);
    let ten_a_day = |forecast: &super::Forecast| {
        forecast
            .outlook
            .iter()
            .map(|each| (each.bytes / MIB as f64).round() as i64)
            .collect::<Vec<_>>()
    };
    let plain = forecast(&series, now()).unwrap();
    assert_eq!(plain.now_bytes, 1_435 * MIB);
    assert_eq!(ten_a_day(&plain), [1_735, 2_335, 5_085, 12_385]);
    // All that is older than seven weeks takes a tenth.
    let shrinking = forecast(&packed(series.clone()), now()).unwrap();
    assert_eq!(ten_a_day(&shrinking)[2] - shrinking.now_bytes / MIB, 365);
    // Nothing grows that is dropped at the other end.
    series.retain_for = Some(days(91));
    let kept = forecast(&series, now()).unwrap();
    assert!(
        kept.outlook.windows(2).all(|pair| (pair[0].bytes - pair[1].bytes).abs() < 1.0),
        "{kept:?}"
    );
}

#[test]
fn policies_that_come_too_early_are_found() {
    let lateness = days(3);
    let mut series = weekly(20, 70);
    assert_eq!(check_order(&series, lateness, None, now()), []);
    series.compress_after = Some(days(1));
    let faults = check_order(&series, lateness, None, now());
    assert!(faults.len() == 1 && !faults[0].loses_data, "{faults:?}");
    assert_eq!(faults[0].remedy, "compress after 3 days at the earliest");
    series.compress_after = Some(days(45));
    series.retain_for = Some(days(30));
    let faults = check_order(&series, lateness, Some(now() - days(10)), now());
    assert!(
        faults.len() == 1
            && faults[0].is_contradiction
            && faults[0].problem.contains("dropped before it is packed"),
        "{faults:?}"
    );
    // What was rolled up ends before what is kept begins: between them figures are lost.
    series.retain_for = Some(days(60));
    let faults = check_order(&series, lateness, Some(now() - days(61)), now());
    assert!(faults.len() == 1 && faults[0].loses_data, "{faults:?}");
    series.retain_for = Some(days(2));
    series.compress_after = None;
    let faults = check_order(&series, lateness, None, now());
    assert!(faults.len() == 1 && faults[0].loses_data, "{faults:?}");
}

#[test]
fn what_one_small_tenant_goes_on_with_is_not_what_a_chunk_gets() {
    let mut series = weekly(20, 70);
    // Three of four tenants ended eight weeks ago, and one week in between had a sale.
    let places = series.chunks.len();
    for chunk in &mut series.chunks[places - 8..] {
        (chunk.bytes, chunk.bytes_before) = (chunk.bytes / 20, None);
    }
    series.chunks[places - 10].bytes *= 3;
    let growth = series.growth(now()).unwrap();
    assert!((growth.bytes_a_day - 10.0 * MIB as f64).abs() < 1.0, "{growth:?}");
    assert!(growth.measured_days < 50.0, "{growth:?}");
}
