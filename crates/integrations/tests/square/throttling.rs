//! A vendor that is asked too much is asked less.

use std::time::Duration;

use shelfops_ingest::Stream;
use shelfops_integrations::connector::Disposition;

use super::fixtures::{dated, error, locations};
use super::server::{Answer, Seen};
use super::shop::Shop;

fn throttled(retry_after: Option<&str>) -> Answer {
    let mut headers = vec![("x-request-id", "REQ-429".to_owned())];
    headers.extend(retry_after.map(|value| ("retry-after", value.to_owned())));
    Answer::Whole(429, headers, error("RATE_LIMIT_ERROR", "RATE_LIMITED").to_string())
}

/// Refuses as often as told, then gives one location.
fn after(refusals: usize, refusal: Answer) -> impl FnMut(&Seen) -> Answer {
    let mut asked = 0;
    move |_| {
        asked += 1;
        if asked <= refusals { refusal.clone() } else { dated(locations(&["LSHELF01"])) }
    }
}

#[tokio::test]
async fn retry_after_is_honoured_to_the_second() {
    let shop = Shop::open(after(1, throttled(Some("7")))).await;
    assert_eq!(shop.read(Stream::Stores).await.drafts.len(), 1);
    assert_eq!(shop.surroundings.slept(), [Duration::from_secs(7)]);
}

#[tokio::test]
async fn a_storm_without_retry_after_is_waited_out_with_growing_pauses() {
    let shop = Shop::open(after(6, throttled(None))).await;
    assert_eq!(shop.read(Stream::Stores).await.drafts.len(), 1);
    let slept = shop.surroundings.slept();
    assert_eq!(slept.len(), 6);
    assert!(slept.iter().zip(&slept[1..]).all(|(one, next)| one < next), "{slept:?}");
}

#[tokio::test]
async fn a_storm_without_end_ends_the_call_and_says_when_to_come_back() {
    let shop = Shop::open(after(usize::MAX, throttled(Some("60")))).await;
    let (said, disposition) = shop.read(Stream::Stores).await.failure();
    assert!(said.contains("wants fewer calls (request REQ-429)"), "{said}");
    assert_eq!(disposition, Disposition::Retry { after: Some(Duration::from_secs(60)) });
    assert_eq!(shop.server.seen().len(), 10);
}

#[tokio::test]
async fn a_pause_of_hours_is_not_slept_but_told() {
    let shop = Shop::open(after(usize::MAX, throttled(Some("7200")))).await;
    let (_, disposition) = shop.read(Stream::Stores).await.failure();
    assert_eq!(disposition, Disposition::Retry { after: Some(Duration::from_secs(7200)) });
    assert_eq!((shop.server.seen().len(), shop.surroundings.slept().len()), (1, 0));
    // Whoever comes next is told what is left of it, and the vendor is left alone.
    shop.surroundings.advance(Duration::from_secs(1200));
    let (_, disposition) = shop.read(Stream::Stores).await.failure();
    assert_eq!(disposition, Disposition::Retry { after: Some(Duration::from_secs(6000)) });
    let advanced = [Duration::from_secs(1200)];
    assert_eq!((shop.server.seen().len(), shop.surroundings.slept()), (1, advanced.to_vec()));
}

#[tokio::test]
async fn whoever_was_throttled_goes_on_more_slowly() {
    let shop = Shop::open(after(1, throttled(Some("1")))).await;
    for _ in 0..3 {
        shop.read(Stream::Stores).await;
    }
    let slept = shop.surroundings.slept();
    // Ten a second at first, five after the complaint.
    assert_eq!(slept[0], Duration::from_secs(1));
    assert!(slept[1..].iter().all(|pause| pause.as_millis() >= 190), "{slept:?}");
}
