//! How a connection stands: who looked before it was made anew, paused or ended changes nothing.

use serde_json::json;
use shelfops_db::models::{
    ConnectionPart, Integration, IntegrationStatus, NewIntegration, RunLock,
};
use shelfops_db::secrets::{Keyring, SecretKey};
use shelfops_ingest::{CustomerId, SourceName, Stream};

use crate::fixture::{Fixture, on_every_engine};
use crate::jobs::hands::tenant;

pub(super) async fn look(fixture: &Fixture, customer_id: CustomerId) -> Integration {
    let tx = fixture.database.tenant(customer_id).await.unwrap();
    tx.integration_of("till").await.unwrap()
}

async fn connect(fixture: &Fixture, customer_id: CustomerId, integration: &Integration) {
    let ring = Keyring::new(vec![SecretKey::new([1; 32])]);
    let sealed = ring.seal(&integration.secret_place(customer_id), b"token").unwrap();
    let tx = fixture.database.tenant(customer_id).await.unwrap();
    tx.connect_integration(integration.integration_id, &sealed, Some("M1")).await.unwrap();
    tx.commit().await.unwrap();
}

async fn note(
    fixture: &Fixture,
    customer_id: CustomerId,
    seen: &Integration,
    error: Option<&str>,
) -> bool {
    let tx = fixture.database.tenant(customer_id).await.unwrap();
    let is_noted =
        tx.note_integration_failure(seen, ConnectionPart::Connection, error).await.unwrap();
    tx.commit().await.unwrap();
    is_noted
}

pub(super) async fn connected(fixture: &Fixture) -> CustomerId {
    let acme = tenant(fixture, "acme").await;
    let new = NewIntegration {
        source: SourceName::parse("till").unwrap(),
        connector: "square",
        settings: json!({}),
    };
    let tx = fixture.database.tenant(acme).await.unwrap();
    let added = tx.add_integration(&new).await.unwrap();
    tx.commit().await.unwrap();
    assert!(!note(fixture, acme, &added, Some("too early")).await);
    connect(fixture, acme, &added).await;
    acme
}

#[tokio::test]
async fn what_a_run_finds_out_concerns_the_connection_that_it_began_with() {
    on_every_engine(async |fixture| {
        let acme = connected(fixture).await;
        let before = look(fixture, acme).await;
        assert!(note(fixture, acme, &before, Some("refused")).await);
        let failed = look(fixture, acme).await;
        assert_eq!(failed.status, IntegrationStatus::Failed);
        assert!(note(fixture, acme, &failed, None).await);
        assert_eq!(look(fixture, acme).await.status, IntegrationStatus::Active);

        // Connected again meanwhile: a refusal of the old token says nothing of the new one.
        connect(fixture, acme, &before).await;
        assert!(!note(fixture, acme, &before, Some("refused")).await);
        assert_eq!(look(fixture, acme).await.status, IntegrationStatus::Active);

        // Ended meanwhile: a run that reads on to its end does not revive it.
        let running = look(fixture, acme).await;
        let tx = fixture.database.tenant(acme).await.unwrap();
        let id = running.integration_id;
        let of_old = tx.revoke_integration(id, before.connected_at, Some("ended")).await;
        assert!(!of_old.unwrap(), "what is told of the old connection says nothing of the new one");
        assert!(tx.revoke_integration(id, running.connected_at, None).await.unwrap());
        tx.commit().await.unwrap();
        for error in [None, Some("refused")] {
            assert!(!note(fixture, acme, &running, error).await);
            assert_eq!(look(fixture, acme).await.status, IntegrationStatus::Revoked);
        }
    })
    .await;
}

#[tokio::test]
async fn a_stream_that_can_be_read_says_nothing_of_one_that_cannot() {
    on_every_engine(async |fixture| {
        let acme = connected(fixture).await;
        let note = async |stream: Option<Stream>, error: Option<&str>| {
            let seen = look(fixture, acme).await;
            let tx = fixture.database.tenant(acme).await.unwrap();
            let part = stream.map_or(ConnectionPart::Connection, ConnectionPart::Stream);
            assert!(tx.note_integration_failure(&seen, part, error).await.unwrap());
            tx.commit().await.unwrap();
            let now = look(fixture, acme).await;
            assert_eq!(now.status == IntegrationStatus::Failed, now.last_error.is_some());
            now.last_error
        };
        let (sales, stock) = (Some(Stream::Transactions), Some(Stream::Inventory));
        let both = Some("no stock\nno sales".to_owned());
        assert_eq!(note(stock, Some("no stock at first")).await.unwrap(), "no stock at first");
        assert_eq!(note(stock, Some("no stock")).await.unwrap(), "no stock");
        assert_eq!(note(sales, Some("no sales")).await, both);
        assert_eq!(note(Some(Stream::Stores), None).await, both);
        // What concerns all of them is over when one is read, or a token is renewed.
        for reader in [None, Some(Stream::Stores)] {
            let told = note(None, Some("no token")).await.unwrap();
            assert_eq!(told, "no token\nno stock\nno sales");
            assert_eq!(note(reader, None).await, both);
        }
        assert_eq!(note(sales, None).await.unwrap(), "no stock");
        assert_eq!(note(stock, None).await, None);

        note(stock, Some("no stock")).await;
        connect(fixture, acme, &look(fixture, acme).await).await;
        assert_eq!(look(fixture, acme).await.last_error, None);
        assert_eq!(note(sales, None).await, None, "the connection before is forgotten");
    })
    .await;
}

#[tokio::test]
async fn a_grant_that_is_gone_is_back_when_the_vendor_lets_us_in_and_not_before() {
    on_every_engine(async |fixture| {
        let acme = connected(fixture).await;
        let note = async |part, error: Option<&str>| {
            let seen = look(fixture, acme).await;
            let tx = fixture.database.tenant(acme).await.unwrap();
            assert!(tx.note_integration_failure(&seen, part, error).await.unwrap());
            tx.commit().await.unwrap();
            look(fixture, acme).await
        };
        let ways_back = [ConnectionPart::Grant, ConnectionPart::Stream(Stream::Stores)];
        for lets_us_in in ways_back {
            let gone = note(ConnectionPart::Grant, Some("revoked")).await;
            assert!(gone.is_grant_gone && gone.status == IntegrationStatus::Failed);
            // A token that is not old says nothing of the grant.
            let still = note(ConnectionPart::Connection, None).await;
            assert!(still.is_grant_gone && still.last_error.as_deref() == Some("revoked"));
            let back = note(lets_us_in, None).await;
            assert!(!back.is_grant_gone && back.status == IntegrationStatus::Active);
        }
        note(ConnectionPart::Grant, Some("revoked")).await;
        connect(fixture, acme, &look(fixture, acme).await).await;
        assert!(!look(fixture, acme).await.is_grant_gone, "it is another grant");
    })
    .await;
}

#[tokio::test]
async fn a_token_is_renewed_by_one_process_at_a_time() {
    on_every_engine(async |fixture| {
        let acme = connected(fixture).await;
        let id = look(fixture, acme).await.integration_id;
        let first: RunLock = fixture.database.lock_renewal(acme, id).await.unwrap();
        let second = fixture.database.lock_renewal(acme, id);
        tokio::pin!(second);
        let waits = "select count(*) from pg_locks where locktype = 'advisory' and not granted
                         and database = (select oid from pg_database
                                         where datname = current_database())";
        let client = fixture.superuser().await;
        let seen = async {
            while client.query_one(waits, &[]).await.unwrap().get::<_, i64>(0) == 0 {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            _ = &mut second => panic!("two renew at once"),
            () = seen => {}
        }
        drop(first);
        second.await.unwrap();
    })
    .await;
}
