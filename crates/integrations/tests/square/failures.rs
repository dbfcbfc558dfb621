//! A vendor in trouble: proxies' pages, cut connections, endless answers, refusals.

use std::time::Duration;

use serde_json::{Value, json};
use shelfops_ingest::Stream;
use shelfops_integrations::connector::{Disposition, ReadingOptions};
use shelfops_integrations::http::{BodyLimit, Policy, RetryPolicy, TimeoutPolicy};
use shelfops_integrations::oauth::TokenPair;

use super::fixtures::{dated, error, locations};
use super::server::{Answer, Seen, Server, json, status};
use super::shop::{Shop, tokens};

/// Answers these first, then gives one location.
fn after(mut first: Vec<Answer>) -> impl FnMut(&Seen) -> Answer {
    move |_| {
        if first.is_empty() { dated(locations(&["LSHELF01"])) } else { first.remove(0) }
    }
}

fn html(status: u16) -> Answer {
    let headers = vec![("content-type", "text/html".to_owned())];
    Answer::Whole(status, headers, "<html><h1>upstream connect error</h1></html>".to_owned())
}

#[tokio::test]
async fn whatever_may_pass_is_asked_again() {
    let failures = [
        html(200),
        html(403),
        html(502),
        status(500, error("API_ERROR", "INTERNAL_SERVER_ERROR")),
        status(408, error("API_ERROR", "REQUEST_TIMEOUT")),
        json(error("API_ERROR", "TEMPORARY_ERROR")),
        Answer::Cut("{\"locations\": [".to_owned()),
        Answer::HangUp,
    ];
    for failure in failures {
        let shop = Shop::open(after(vec![failure.clone(), failure.clone()])).await;
        let read = shop.read(Stream::Stores).await;
        assert_eq!(read.drafts.len(), 1, "{failure:?}: {:?}", read.error);
        assert_eq!(shop.server.seen().len(), 3);
    }
}

#[tokio::test]
async fn pauses_between_attempts_grow() {
    let shop = Shop::open(after(vec![html(503); 4])).await;
    assert_eq!(shop.read(Stream::Stores).await.drafts.len(), 1);
    let slept = shop.surroundings.slept();
    let pauses = [250, 500, 1000, 2000].map(Duration::from_millis);
    assert!(pauses.iter().all(|pause| slept.contains(pause)), "{slept:?}");
}

#[tokio::test]
async fn failing_to_the_end_names_host_reason_and_request_and_no_body() {
    let shop = Shop::open(|_: &Seen| {
        let request_id = vec![("x-request-id", "REQ-503".to_owned())];
        Answer::Whole(503, request_id, "<html>Ann Shopper</html>".to_owned())
    })
    .await;
    let (said, disposition) = shop.read(Stream::Stores).await.failure();
    assert_eq!(
        said,
        "stores could not be read on: could not fetch the list of stores from Square: 127.0.0.1 \
         failed in each of 5 attempts: 503 with a body that is not JSON (request REQ-503); sync \
         again later"
    );
    assert_eq!(disposition, Disposition::Retry { after: None });
    assert_eq!(shop.server.seen().len(), 5);
}

#[tokio::test]
async fn a_vendor_that_fails_and_fails_is_left_alone_and_then_probed() {
    let mut healthy_after = 0;
    let shop = Shop::open(move |_: &Seen| {
        healthy_after += 1;
        if healthy_after > 8 { dated(locations(&["LSHELF01"])) } else { html(503) }
    })
    .await;
    shop.read(Stream::Stores).await;
    shop.read(Stream::Stores).await;
    assert_eq!(shop.server.seen().len(), 8, "eight failures in a row");
    let (said, disposition) = shop.read(Stream::Stores).await.failure();
    assert!(said.contains("is left alone"), "{said}");
    assert!(matches!(disposition, Disposition::Retry { after: Some(_) }));
    assert_eq!(shop.server.seen().len(), 8, "it was not asked");
    shop.surroundings.advance(Duration::from_secs(20));
    assert_eq!(shop.read(Stream::Stores).await.drafts.len(), 1);
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_it() {
    let policy = Policy { most_body: BodyLimit(1000), ..Policy::default() };
    let shop = Shop::open_with(policy, ReadingOptions::default(), tokens(30), |_: &Seen| {
        json(json!({ "locations": "x".repeat(2000) }))
    })
    .await;
    let (said, disposition) = shop.read(Stream::Stores).await.failure();
    assert!(said.contains("more than 1000 bytes"), "{said}");
    assert_eq!((disposition, shop.server.seen().len()), (Disposition::Stop, 1));
}

#[tokio::test]
async fn nor_is_one_that_does_not_say_how_long_it_is() {
    let policy = Policy { most_body: BodyLimit(1000), ..Policy::default() };
    let shop =
        Shop::open_with(policy, ReadingOptions::default(), tokens(30), |_| Answer::Endless).await;
    let (said, disposition) = shop.read(Stream::Stores).await.failure();
    assert!(said.contains("more than 1000 bytes"), "{said}");
    assert_eq!((disposition, shop.server.seen().len()), (Disposition::Stop, 1));
}

/// Waits for nobody longer than tests can, and tries twice.
fn hasty(timeouts: TimeoutPolicy) -> Policy {
    let retries = RetryPolicy { attempts: 2, ..RetryPolicy::default() };
    Policy { timeouts, retries, ..Policy::default() }
}

#[tokio::test]
async fn who_says_nothing_any_more_or_takes_for_ever_is_not_waited_for() {
    let long = Duration::from_secs(600);
    let short = Duration::from_secs(1);
    let begun = "{\"locations\": [".to_owned();
    for (answer, timeouts) in [
        (Answer::Silent(String::new()), TimeoutPolicy { connect: long, read: short, total: long }),
        (Answer::Silent(begun), TimeoutPolicy { connect: long, read: short, total: long }),
        // Each byte comes in time.
        (Answer::Trickle, TimeoutPolicy { connect: long, read: long, total: short }),
    ] {
        let what = format!("{answer:?}");
        let handler = move |_: &Seen| answer.clone();
        let reading = ReadingOptions::default();
        let shop = Shop::open_with(hasty(timeouts), reading, tokens(30), handler).await;
        let (said, disposition) = shop.read(Stream::Stores).await.failure();
        assert!(said.contains("127.0.0.1 broke off in each of 2 attempts"), "{what}: {said}");
        assert_eq!(disposition, Disposition::Retry { after: None });
        assert_eq!(shop.server.seen().len(), 2, "{what}");
    }
}

#[tokio::test]
async fn who_takes_nobody_in_is_not_waited_for() {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    // Nobody is taken out of the queue: whoever comes when it is full waits.
    let mut queue = Vec::new();
    let wait = Duration::from_millis(200);
    while let Ok(come) = tokio::time::timeout(wait, tokio::net::TcpStream::connect(address)).await {
        queue.push(come.unwrap());
    }
    let long = Duration::from_secs(600);
    let timeouts = TimeoutPolicy { connect: wait, read: long, total: long };
    let reading = ReadingOptions::default();
    let shop = Shop::open_with(hasty(timeouts), reading, tokens(30), |_| Answer::HangUp).await;
    let shop = shop.at(&format!("http://{address}"), hasty(timeouts), tokens(30));
    let (said, disposition) = shop.read(Stream::Stores).await.failure();
    assert!(said.contains("could not connect to 127.0.0.1 in 2 attempts"), "{said}");
    assert_eq!(disposition, Disposition::Retry { after: None });
}

#[tokio::test]
async fn one_integration_that_is_left_alone_leaves_the_others_of_its_vendor_be() {
    let shop = Shop::open(|seen: &Seen| match seen.header("authorization") {
        Some("Bearer access-1") => html(503),
        _ => dated(locations(&["LSHELF01"])),
    })
    .await;
    let theirs = TokenPair { access: "access-of-another".into(), ..tokens(30) };
    let url = shop.server.url.clone();
    let neighbour = Shop::open(|_: &Seen| Answer::HangUp).await;
    let neighbour = neighbour.at(&url, Policy::default(), theirs);
    for _ in 0..3 {
        shop.read(Stream::Stores).await;
    }
    let (said, _) = shop.read(Stream::Stores).await.failure();
    assert!(said.contains("is left alone"), "{said}");
    let slept = neighbour.surroundings.slept();
    assert_eq!(neighbour.read(Stream::Stores).await.drafts.len(), 1);
    assert_eq!(neighbour.surroundings.slept(), slept, "nor is it asked more slowly");
}

#[tokio::test]
async fn nobody_there_is_worth_another_try() {
    let mut gone = Shop::open(|_: &Seen| json(Value::Null)).await;
    // The server of this shop ends here, and another takes its place elsewhere.
    gone.server = Server::start(|_| json(Value::Null)).await;
    let (said, disposition) = gone.read(Stream::Stores).await.failure();
    assert!(said.contains("could not connect to 127.0.0.1 in 5 attempts"), "{said}");
    assert_eq!(disposition, Disposition::Retry { after: None });
}

#[tokio::test]
async fn refusals_are_told_apart() {
    let refused = |code, body| async move {
        let shop = Shop::open(move |_: &Seen| status(code, error("X", body))).await;
        let failure = shop.read(Stream::Stores).await.failure();
        (failure.0, failure.1, shop.server.seen().len())
    };
    let (said, disposition, asked) = refused(400, "INVALID_VALUE").await;
    assert!(said.contains("refused to give the list of stores with 400 INVALID_VALUE"), "{said}");
    assert_eq!((disposition, asked), (Disposition::Stop, 1), "a mistake of ours is not repeated");
    let (said, disposition, _) = refused(403, "INSUFFICIENT_SCOPES").await;
    assert!(said.contains("grant MERCHANT_PROFILE_READ"), "{said}");
    assert_eq!(disposition, Disposition::Reconnect);
    let (_, disposition, asked) = refused(501, "NOT_IMPLEMENTED").await;
    assert_eq!((disposition, asked), (Disposition::Stop, 1));
    let (said, disposition, asked) = refused(401, "ACCESS_TOKEN_REVOKED").await;
    assert!(said.contains("connect it again"), "{said}");
    assert_eq!((disposition, asked), (Disposition::Reconnect, 1), "it is not renewed");
}

#[tokio::test]
async fn a_redirect_is_not_followed_with_the_token() {
    let shop = Shop::open(|_: &Seen| {
        let to = vec![("location", "http://127.0.0.1:9/elsewhere".to_owned())];
        Answer::Whole(302, to, "{}".to_owned())
    })
    .await;
    let (said, disposition) = shop.read(Stream::Stores).await.failure();
    assert!(said.contains("with 302"), "{said}");
    assert_eq!(disposition, Disposition::Stop);
}
