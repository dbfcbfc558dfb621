//! Tokens are renewed early, once, stored before use, and never shown.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use shelfops_ingest::Stream;
use shelfops_integrations::connector::{
    Connection, ConnectionSettings, Disposition, ReadingOptions, renewals_end,
};
use shelfops_integrations::http::Policy;
use shelfops_integrations::oauth::{
    MemoryTokenStore, RenewalLock, StoredTokens, TokenPair, TokenStore, TokenStoreError,
};
use shelfops_integrations::square::Square;

use super::fixtures::{dated, error, locations};
use super::server::{Answer, Seen, json, status};
use super::shop::{NOW, Shop, app, tokens};

const TOKEN: &str = "/oauth2/token";

/// Renews to `access-2`, and honours only what `is_good` says.
fn vendor(is_good: impl Fn(&str) -> bool + Send) -> impl FnMut(&Seen) -> Answer + Send {
    move |seen| match seen.path() {
        TOKEN => json(renewed()),
        _ if is_good(seen.header("authorization").unwrap()) => dated(locations(&["LSHELF01"])),
        _ => status(401, error("AUTHENTICATION_ERROR", "ACCESS_TOKEN_EXPIRED")),
    }
}

fn renewed() -> Value {
    json!({
        "access_token": "access-2", "token_type": "bearer", "expires_at": "2026-12-23T10:00:00Z",
        "merchant_id": "MLMERCHANT001", "refresh_token": "refresh-1", "short_lived": false,
    })
}

async fn shop(days: i64, handler: impl FnMut(&Seen) -> Answer + Send + 'static) -> Shop {
    Shop::open_with(Policy::default(), ReadingOptions::default(), tokens(days), handler).await
}

#[tokio::test]
async fn a_fresh_token_is_used_and_one_of_a_week_is_renewed_first() {
    let shop = shop(30, vendor(|_| true)).await;
    shop.read(Stream::Stores).await;
    assert!(shop.server.seen_at(TOKEN).is_empty());
    shop.surroundings.advance(Duration::from_secs(7 * 24 * 3600 + 1));
    shop.read(Stream::Stores).await;
    let asked = shop.server.seen_at(TOKEN);
    assert_eq!(
        asked[0].body,
        json!({
            "client_id": "sq0idp-test", "grant_type": "refresh_token",
            "client_secret": "app-secret", "refresh_token": "refresh-1",
        })
    );
    assert_eq!(shop.server.seen().last().unwrap().header("authorization"), Some("Bearer access-2"));
    let stored = shop.tokens.load().await.unwrap();
    assert_eq!((stored.revision, stored.tokens.access.expose_secret()), (1, "access-2"));
}

#[tokio::test]
async fn a_token_that_is_refused_is_renewed_once_and_the_call_repeated() {
    let shop = shop(30, vendor(|told| told == "Bearer access-2")).await;
    assert_eq!(shop.read(Stream::Stores).await.drafts.len(), 1);
    assert_eq!(shop.server.seen_at(TOKEN).len(), 1);
}

#[tokio::test]
async fn a_new_token_that_is_refused_too_needs_a_new_connection() {
    let shop = shop(30, vendor(|_| false)).await;
    let (said, disposition) = shop.read(Stream::Stores).await.failure();
    assert!(said.contains("no longer honours this connection (ACCESS_TOKEN_EXPIRED)"), "{said}");
    assert_eq!(disposition, Disposition::Reconnect);
    assert_eq!(shop.server.seen_at(TOKEN).len(), 1, "renewed once, not for ever");
}

#[tokio::test]
async fn a_check_with_a_token_that_is_refused_renews_it_first() {
    let shop = shop(30, |seen| match (seen.path(), seen.header("authorization")) {
        (TOKEN, _) => json(renewed()),
        (_, Some("Bearer access-1")) => {
            status(401, error("AUTHENTICATION_ERROR", "ACCESS_TOKEN_EXPIRED"))
        }
        _ => json(json!({ "scopes": ["ITEMS_READ"], "merchant_id": "MLMERCHANT001" })),
    })
    .await;
    let told = shop.connection.token_status().await.unwrap().unwrap();
    assert_eq!(told.scopes, ["ITEMS_READ"]);
    assert_eq!(shop.server.seen_at(TOKEN).len(), 1);
}

#[tokio::test]
async fn two_tasks_that_are_refused_renew_once() {
    let shop = shop(30, vendor(|told| told == "Bearer access-2")).await;
    let (one, other) = futures::join!(shop.read(Stream::Stores), shop.read(Stream::Stores));
    assert_eq!((one.drafts.len(), other.drafts.len()), (1, 1));
    assert_eq!(shop.server.seen_at(TOKEN).len(), 1);
}

#[tokio::test]
async fn two_tasks_with_an_old_token_renew_once() {
    let shop = shop(30, vendor(|_| true)).await;
    shop.surroundings.advance(Duration::from_secs(8 * 24 * 3600));
    let (one, other) = futures::join!(shop.read(Stream::Stores), shop.read(Stream::Stores));
    assert_eq!((one.drafts.len(), other.drafts.len()), (1, 1));
    assert_eq!(shop.server.seen_at(TOKEN).len(), 1);
}

#[tokio::test]
async fn what_cannot_be_renewed_now_is_used_while_it_lives() {
    let shop = shop(30, |seen| match seen.path() {
        TOKEN => status(503, error("API_ERROR", "SERVICE_UNAVAILABLE")),
        _ => dated(locations(&["LSHELF01"])),
    })
    .await;
    shop.surroundings.advance(Duration::from_secs(8 * 24 * 3600));
    assert_eq!(shop.read(Stream::Stores).await.drafts.len(), 1);
    shop.surroundings.advance(Duration::from_secs(30 * 24 * 3600));
    let (said, disposition) = shop.read(Stream::Stores).await.failure();
    assert!(said.contains("could not ask for a token"), "{said}");
    assert!(matches!(disposition, Disposition::Retry { .. }), "{disposition:?}");
}

#[tokio::test]
async fn a_refusal_that_is_not_of_the_grant_is_waited_out_with_the_token_that_lives() {
    let refusals = [
        status(404, json!({ "message": "Not Found", "type": "service.not_found" })),
        status(404, error("INVALID_REQUEST_ERROR", "NOT_FOUND")),
        status(403, error("AUTHENTICATION_ERROR", "FORBIDDEN")),
        status(409, error("INVALID_REQUEST_ERROR", "CONFLICT")),
        status(501, error("API_ERROR", "NOT_IMPLEMENTED")),
    ];
    for refusal in refusals {
        let shop = shop(30, move |seen| match seen.path() {
            TOKEN => refusal.clone(),
            _ => dated(locations(&["LSHELF01"])),
        })
        .await;
        shop.surroundings.advance(Duration::from_secs(8 * 24 * 3600));
        assert_eq!(shop.read(Stream::Stores).await.drafts.len(), 1);
        shop.surroundings.advance(Duration::from_secs(30 * 24 * 3600));
        let (said, disposition) = shop.read(Stream::Stores).await.failure();
        assert!(said.contains("the vendor refused the call with"), "{said}");
        assert_eq!(disposition, Disposition::Retry { after: None });
    }
}

#[tokio::test]
async fn an_answer_with_the_next_single_use_token_that_is_lost_costs_the_connection_and_nothing_else()
 {
    let mut answers = vec![status(401, error("AUTHENTICATION_ERROR", "UNAUTHORIZED"))];
    // The vendor has given the next pair, and nobody heard of it: the one before is used up.
    answers.push(Answer::Cut(renewed().to_string()));
    let mut shop = shop(30, move |seen| match seen.path() {
        TOKEN if answers.len() > 1 => answers.pop().unwrap(),
        TOKEN => answers[0].clone(),
        _ => dated(locations(&["LSHELF01"])),
    })
    .await;
    shop.has_no_secret();
    shop.surroundings.advance(Duration::from_secs(8 * 24 * 3600));
    assert_eq!(shop.read(Stream::Stores).await.drafts.len(), 1, "the old one lives");
    shop.surroundings.advance(Duration::from_secs(23 * 24 * 3600));
    let read = shop.read(Stream::Stores).await;
    let (said, disposition) = read.failure();
    assert!(said.contains("no longer honours this connection (UNAUTHORIZED)"), "{said}");
    assert!(said.contains("connect it again"), "{said}");
    assert_eq!((disposition, read.drafts.len()), (Disposition::Reconnect, 0));
    let asked = shop.server.seen_at(TOKEN);
    assert!(asked.iter().all(|asked| asked.body.get("client_secret").is_none()), "{asked:?}");
    // Nothing half-known was stored; a pair of a new connection takes its place.
    let stored = shop.tokens.load().await.unwrap();
    assert_eq!((stored.revision, stored.tokens.access.expose_secret()), (0, "access-1"));
    let now = NOW.parse::<jiff::Timestamp>().unwrap() + jiff::SignedDuration::from_hours(31 * 24);
    let again = TokenPair { obtained_at: now, access: "access-3".into(), ..tokens(60) };
    shop.tokens.replace(0, again).await.unwrap();
    let stored = shop.tokens.load().await.unwrap();
    assert_eq!(stored.revision, 1);
    assert_eq!(shop.read(Stream::Stores).await.drafts.len(), 1);
}

#[tokio::test]
async fn refused_renewals_need_a_new_connection_once_the_token_has_ended() {
    let refusals = [
        status(401, error("AUTHENTICATION_ERROR", "UNAUTHORIZED")),
        status(400, error("INVALID_REQUEST_ERROR", "BAD_REQUEST")),
        status(400, json!({ "message": "Not Found", "type": "service.not_found" })),
    ];
    for refusal in refusals {
        let shop = shop(30, move |seen| match seen.path() {
            TOKEN => refusal.clone(),
            _ => dated(locations(&["LSHELF01"])),
        })
        .await;
        shop.surroundings.advance(Duration::from_secs(8 * 24 * 3600));
        assert_eq!(shop.read(Stream::Stores).await.drafts.len(), 1, "it lives for weeks");
        shop.surroundings.advance(Duration::from_secs(30 * 24 * 3600));
        let (said, disposition) = shop.read(Stream::Stores).await.failure();
        assert!(said.contains("connect it again"), "{said}");
        assert_eq!(disposition, Disposition::Reconnect);
    }
}

#[tokio::test]
async fn a_renewal_that_was_refused_is_not_asked_for_with_every_call() {
    let mut asked = 0;
    let shop = shop(30, move |seen| match seen.path() {
        TOKEN => status(401, error("AUTHENTICATION_ERROR", "UNAUTHORIZED")),
        _ => {
            asked += 1;
            match asked {
                1..=3 => dated(locations(&["LSHELF01"])),
                _ => status(401, error("AUTHENTICATION_ERROR", "UNAUTHORIZED")),
            }
        }
    })
    .await;
    shop.surroundings.advance(Duration::from_secs(8 * 24 * 3600));
    shop.read(Stream::Stores).await;
    shop.read(Stream::Stores).await;
    assert_eq!(shop.server.seen_at(TOKEN).len(), 1);
    shop.surroundings.advance(Duration::from_secs(6 * 60));
    shop.read(Stream::Stores).await;
    assert_eq!(shop.server.seen_at(TOKEN).len(), 2, "some minutes later it is");
    // A token that is refused where it is used is renewed at once, or not any more.
    let (_, disposition) = shop.read(Stream::Stores).await.failure();
    assert_eq!((shop.server.seen_at(TOKEN).len(), disposition), (3, Disposition::Reconnect));
}

#[tokio::test]
async fn no_token_is_ever_shown() {
    let secrets = ["access-1", "access-2", "refresh-1", "app-secret"];
    let answers = [
        json(json!({ "access_token": "access-2", "expires_at": "never" })),
        json(json!({ "refresh_token": "refresh-1" })),
        status(400, json!({ "message": "refresh-1 of app-secret" })),
        status(
            500,
            json!({ "errors": [{ "category": "API_ERROR", "code": "access-1 refresh-1" }] }),
        ),
        Answer::Whole(200, Vec::new(), "access-2".to_owned()),
    ];
    for answer in answers {
        let shop = shop(30, move |_| answer.clone()).await;
        shop.surroundings.advance(Duration::from_secs(60 * 24 * 3600));
        let read = shop.read(Stream::Stores).await;
        let shown = format!("{} {:?}", read.failure().0, read.error);
        let shown = format!("{shown} {:?} {:?}", shop.connection.app(), shop.tokens.load().await);
        assert!(secrets.iter().all(|secret| !shown.contains(secret)), "{shown}");
    }
}

/// A store that another process writes to while we ask the vendor.
struct SharedStore {
    loads: AtomicUsize,
    theirs_from: usize,
}

impl TokenStore for SharedStore {
    fn lock(&self) -> BoxFuture<'_, Result<RenewalLock, TokenStoreError>> {
        async { Ok(Box::new(()) as RenewalLock) }.boxed()
    }

    fn load(&self) -> BoxFuture<'_, Result<StoredTokens, TokenStoreError>> {
        let is_theirs = self.loads.fetch_add(1, Ordering::Relaxed) >= self.theirs_from;
        let pair = tokens(1);
        let ours = StoredTokens {
            tokens: TokenPair {
                obtained_at: pair.obtained_at - jiff::SignedDuration::from_hours(30),
                ..pair
            },
            revision: 7,
        };
        let theirs = TokenPair { access: "access-theirs".into(), ..tokens(30) };
        let stored = if is_theirs { StoredTokens { tokens: theirs, revision: 8 } } else { ours };
        async move { Ok(stored) }.boxed()
    }

    fn replace(
        &self,
        _expected: u64,
        _tokens: TokenPair,
    ) -> BoxFuture<'_, Result<StoredTokens, TokenStoreError>> {
        self.load()
    }
}

/// Returns a line of another process to the same vendor.
fn line(shop: &Shop, store: Arc<dyn TokenStore>) -> Arc<Connection> {
    let settings = ConnectionSettings {
        app: app(&shop.server.url),
        policy: Policy::default(),
        reading: ReadingOptions::default(),
    };
    Arc::new(Connection::new(&Square, settings, store, shop.surroundings.clone()).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_goes_on_when_nobody_waits_for_it_any_more() {
    // A refresh token that works once, and a vendor who takes a while: whoever asked is gone before the answer.
    let (answer, told) = std::sync::mpsc::channel::<()>();
    let mut renewals = 0;
    let shop = shop(30, move |seen| match seen.path() {
        TOKEN if std::mem::replace(&mut renewals, 1) == 0 => {
            tokio::task::block_in_place(|| told.recv().unwrap());
            json(renewed())
        }
        TOKEN => status(401, error("AUTHENTICATION_ERROR", "UNAUTHORIZED")),
        _ => dated(locations(&["LSHELF01"])),
    })
    .await;
    shop.surroundings.advance(Duration::from_secs(8 * 24 * 3600));
    let mut asking = Box::pin(shop.connection.tokens());
    while shop.server.seen_at(TOKEN).is_empty() {
        assert!(futures::poll!(asking.as_mut()).is_pending());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    drop(asking);
    answer.send(()).unwrap();
    renewals_end(Duration::from_secs(30)).await;
    let stored = shop.tokens.load().await.unwrap();
    assert_eq!(stored.tokens.access.expose_secret(), "access-2");
    assert_eq!(shop.read(Stream::Stores).await.drafts.len(), 1);
    assert_eq!(shop.server.seen_at(TOKEN).len(), 1);
}

#[tokio::test]
async fn two_processes_with_an_old_token_renew_once() {
    // A refresh token that works once: the second to use it would lose the connection.
    let mut renewals = 0;
    let shop = shop(30, move |seen| match seen.path() {
        TOKEN if std::mem::replace(&mut renewals, 1) == 0 => json(renewed()),
        TOKEN => status(401, error("AUTHENTICATION_ERROR", "UNAUTHORIZED")),
        _ => dated(locations(&["LSHELF01"])),
    })
    .await;
    let store: Arc<dyn TokenStore> = Arc::new(MemoryTokenStore::new(tokens(30)));
    shop.surroundings.advance(Duration::from_secs(8 * 24 * 3600));
    let lines = [line(&shop, store.clone()), line(&shop, store)];
    let (one, other) = futures::join!(lines[0].tokens(), lines[1].tokens());
    for pair in [one.unwrap(), other.unwrap()] {
        assert_eq!(pair.access.expose_secret(), "access-2");
    }
    assert_eq!(shop.server.seen_at(TOKEN).len(), 1);
}

#[tokio::test]
async fn a_revoked_token_is_given_up_only_when_no_other_is_stored() {
    let revoked = || status(401, error("AUTHENTICATION_ERROR", "ACCESS_TOKEN_REVOKED"));
    let shop = shop(30, move |seen| match seen.header("authorization") {
        Some("Bearer access-1") => revoked(),
        _ => dated(locations(&["LSHELF01"])),
    })
    .await;
    let (said, disposition) = shop.read(Stream::Stores).await.failure();
    assert!(said.contains("(ACCESS_TOKEN_REVOKED): connect it again"), "{said}");
    assert_eq!(disposition, Disposition::Reconnect);
    // The tenant connects again, in another process.
    let theirs = TokenPair { access: "access-theirs".into(), ..tokens(30) };
    shop.tokens.replace(0, theirs).await.unwrap();
    assert_eq!(shop.read(Stream::Stores).await.drafts.len(), 1);
    assert!(shop.server.seen_at(TOKEN).is_empty(), "a grant that is gone is not renewed");
}

/// A store that cannot be written to, as long as that lasts.
struct FullStore(MemoryTokenStore, AtomicUsize);

impl TokenStore for FullStore {
    fn lock(&self) -> BoxFuture<'_, Result<RenewalLock, TokenStoreError>> {
        self.0.lock()
    }

    fn load(&self) -> BoxFuture<'_, Result<StoredTokens, TokenStoreError>> {
        self.0.load()
    }

    fn replace(
        &self,
        expected: u64,
        tokens: TokenPair,
    ) -> BoxFuture<'_, Result<StoredTokens, TokenStoreError>> {
        let more = |left: usize| left.checked_sub(1);
        if self.1.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok() {
            return async { Err(TokenStoreError::new("the disk is full")) }.boxed();
        }
        self.0.replace(expected, tokens)
    }
}

#[tokio::test]
async fn a_pair_that_could_not_be_stored_is_not_used() {
    let shop = shop(30, vendor(|_| true)).await;
    let store = FullStore(MemoryTokenStore::new(tokens(30)), AtomicUsize::new(2));
    let connection = line(&shop, Arc::new(store));
    let shop = Shop { connection, ..shop };
    shop.surroundings.advance(Duration::from_secs(8 * 24 * 3600));
    for _ in 0..2 {
        let (said, _) = shop.read(Stream::Stores).await.failure();
        assert!(said.contains("the disk is full"), "{said}");
    }
    // What renewed it may work only once: the pair is kept until there is room for it, and asked for once.
    assert_eq!(shop.server.seen().iter().map(Seen::path).collect::<Vec<_>>(), [TOKEN]);
    assert_eq!(shop.read(Stream::Stores).await.drafts.len(), 1);
    assert_eq!(shop.server.seen_at(TOKEN).len(), 1);
    let used = shop.server.seen_at("/v2/locations")[0].header("authorization").unwrap().to_owned();
    assert_eq!(used, "Bearer access-2");
}

/// A store whose pair is encrypted anew while the vendor is asked for the next.
struct ResealedStore(MemoryTokenStore);

impl TokenStore for ResealedStore {
    fn lock(&self) -> BoxFuture<'_, Result<RenewalLock, TokenStoreError>> {
        self.0.lock()
    }

    fn load(&self) -> BoxFuture<'_, Result<StoredTokens, TokenStoreError>> {
        self.0.load()
    }

    fn replace(
        &self,
        expected: u64,
        tokens: TokenPair,
    ) -> BoxFuture<'_, Result<StoredTokens, TokenStoreError>> {
        async move {
            if expected == 0 {
                let stored = self.0.load().await?;
                self.0.replace(0, stored.tokens).await?;
            }
            self.0.replace(expected, tokens).await
        }
        .boxed()
    }
}

#[tokio::test]
async fn a_pair_is_stored_though_the_one_before_was_encrypted_anew_meanwhile() {
    let shop = shop(30, vendor(|_| true)).await;
    let store = Arc::new(ResealedStore(MemoryTokenStore::new(tokens(30))));
    let connection = line(&shop, store.clone());
    let shop = Shop { connection, ..shop };
    shop.surroundings.advance(Duration::from_secs(8 * 24 * 3600));
    assert_eq!(shop.read(Stream::Stores).await.drafts.len(), 1);
    assert_eq!(store.load().await.unwrap().tokens.access.expose_secret(), "access-2");
    assert_eq!(shop.server.seen_at(TOKEN).len(), 1);
}

/// Reads the stores with tokens of a store in which theirs appear at the given look.
async fn read_beside_others(theirs_from: usize, refusal: Option<Answer>) -> (usize, String) {
    let shop = Shop::open(move |seen| match (seen.path(), &refusal) {
        (TOKEN, Some(refusal)) => refusal.clone(),
        (TOKEN, None) => json(renewed()),
        _ => dated(locations(&["LSHELF01"])),
    })
    .await;
    let store = Arc::new(SharedStore { loads: AtomicUsize::new(0), theirs_from });
    let connection = line(&shop, store);
    let shop = Shop { connection, ..shop };
    let read = shop.read(Stream::Stores).await;
    assert!(read.error.is_none(), "{:?} at {NOW}", read.error);
    let used = shop.server.seen_at("/v2/locations")[0].header("authorization").unwrap().to_owned();
    (shop.server.seen_at(TOKEN).len(), used)
}

#[tokio::test]
async fn a_pair_that_another_process_stored_is_used_and_ours_is_not() {
    let theirs = "Bearer access-theirs".to_owned();
    // They were faster than our look before asking.
    assert_eq!(read_beside_others(1, None).await, (0, theirs.clone()));
    // They stored while we asked: the store keeps theirs.
    assert_eq!(read_beside_others(2, None).await, (1, theirs.clone()));
    // They spent the refresh token that works only once.
    let refusal = status(401, error("AUTHENTICATION_ERROR", "UNAUTHORIZED"));
    assert_eq!(read_beside_others(2, Some(refusal)).await, (1, theirs));
}
