//! The lookup of API keys, the one function that looks into a tenant's table before the tenant is
//! proved: what it tells, to whom, and what is left of the tenant that it entered.

use secrecy::ExposeSecret as _;
use shelfops_db::DbError;
use shelfops_db::models::{ApiKeyToken, NewApiKey, NewTenant};
use shelfops_ingest::values::Currency;

use super::attacker::{Attacker, Way, collect};
use super::retailers::{ALFA, BRAVO, on_every_engine};
use crate::fixture;

/// What the program stores of the key that Bravo has.
const BRAVO_HASH: &str = "sha256('bravo-secret')";

fn lookup(customer_id: &str, hash: &str) -> String {
    format!("select * from shelfops.use_api_key('{customer_id}', {hash})")
}

#[tokio::test]
async fn a_guess_finds_nothing_and_leaves_the_caller_where_it_was() {
    on_every_engine(async |fixture| {
        for way in [Way::SteppedDown, Way::LoggedIn] {
            let attacker = Attacker::new(fixture, way, "shelfops_app").await;
            attacker.enter(ALFA).await;
            for hash in
                ["''", "null", "sha256('guess')", "'\\x00'", "decode(repeat('00', 32), 'hex')"]
            {
                for customer_id in [BRAVO.customer_id, "00000000-0000-0000-0000-000000000000"] {
                    let found = attacker.attempt(&lookup(customer_id, hash)).await.unwrap();
                    assert_eq!(found.rows, 0, "{hash}");
                }
            }
            // In the statement that looks, behind it, and in one that joins both.
            for sql in [
                format!("{}; select * from stores", lookup(BRAVO.customer_id, "''")),
                format!(
                    "select stores.* from stores left join lateral ({}) as it on true",
                    lookup(BRAVO.customer_id, "''")
                ),
                format!(
                    "select it.* from ({}) as found right join stores as it on true",
                    lookup(BRAVO.customer_id, "''")
                ),
                format!(
                    "with found as materialized ({}) select * from stores",
                    lookup(BRAVO.customer_id, "''")
                ),
            ] {
                let found = attacker.attempt(&sql).await.unwrap();
                assert_eq!(BRAVO.trace_in(&found.text), None, "{sql}");
                assert!(found.text.contains(ALFA.customer_id), "{sql}");
            }
            attacker.rollback().await;
        }
    })
    .await;
}

#[tokio::test]
async fn the_right_hash_tells_whose_key_it_is_and_opens_nothing_else() {
    on_every_engine(async |fixture| {
        for way in [Way::SteppedDown, Way::LoggedIn] {
            let attacker = Attacker::new(fixture, way, "shelfops_app").await;
            let read =
                async |sql: &str| collect(&attacker.client.simple_query(sql).await.unwrap()).text;
            let look = lookup(BRAVO.customer_id, BRAVO_HASH);
            for is_alfa in [true, false] {
                if is_alfa {
                    attacker.enter(ALFA).await;
                } else {
                    attacker.begin().await;
                }
                let told = read(&look).await;
                assert!(told.contains(BRAVO.customer_id), "{told}");
                // Not the other tenant's hash.
                assert_eq!(read(&lookup(ALFA.customer_id, BRAVO_HASH)).await, "");
                for table in ["stores", "api_keys", "customers"] {
                    let rows = read(&format!("select * from {table}")).await;
                    assert_eq!(BRAVO.trace_in(&rows), None, "{table}");
                    assert_eq!(rows.contains(ALFA.customer_id), is_alfa, "{table}: {rows}");
                }
                let entered = read("select current_setting('app.current_customer_id', true)").await;
                assert_eq!(entered.contains(ALFA.customer_id), is_alfa, "{entered}");
                assert!(!entered.contains(BRAVO.customer_id), "{entered}");
                attacker.rollback().await;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_lookup_that_fails_leaves_the_caller_where_it_was() {
    on_every_engine(async |fixture| {
        let attacker = Attacker::new(fixture, Way::LoggedIn, "shelfops_app").await;
        let holder = fixture.superuser().await;
        holder.batch_execute("begin; lock table api_keys in access exclusive mode").await.unwrap();
        attacker.enter(ALFA).await;
        attacker
            .client
            .batch_execute("set local lock_timeout = '10ms'; savepoint here")
            .await
            .unwrap();
        let look = lookup(BRAVO.customer_id, BRAVO_HASH);
        attacker.client.batch_execute(&look).await.unwrap_err();
        attacker.client.batch_execute("rollback to savepoint here").await.unwrap();
        holder.batch_execute("rollback").await.unwrap();
        let messages = attacker.client.simple_query("select * from stores").await.unwrap();
        let rows = collect(&messages).text;
        assert!(rows.contains(ALFA.customer_id) && BRAVO.trace_in(&rows).is_none(), "{rows}");
        attacker.rollback().await;
    })
    .await;
}

#[tokio::test]
async fn readers_cannot_look_keys_up() {
    on_every_engine(async |fixture| {
        let attacker = Attacker::new(fixture, Way::LoggedIn, "shelfops_readonly").await;
        attacker.enter(ALFA).await;
        let look = lookup(BRAVO.customer_id, BRAVO_HASH);
        let refusal = attacker.attempt_knowing(&look).await.unwrap_err();
        assert!(refusal.is_refusal(), "{refusal}");
        attacker.rollback().await;
    })
    .await;
}

#[tokio::test]
async fn the_program_finds_a_key_until_it_is_revoked_or_over() {
    fixture::on_every_engine(async |fixture| {
        let database = &fixture.database;
        let new = NewTenant {
            slug: "acme".to_owned(),
            name: "Acme".to_owned(),
            currency: Currency::parse("EUR").unwrap(),
            time_zone: jiff::tz::TimeZone::UTC,
        };
        let tenant = database.add_tenant(&new).await.unwrap();
        let add = async |name: &str, expires_at: Option<jiff::Timestamp>| {
            let tx = database.tenant(tenant.customer_id).await.unwrap();
            let new = NewApiKey { name, scopes: vec!["read".to_owned()], expires_at };
            let (api_key_id, token) = tx.add_api_key(&new).await?;
            tx.commit().await.unwrap();
            Ok::<_, DbError>((api_key_id, token))
        };
        let (api_key_id, token) = add("till", None).await.unwrap();
        let shown = ApiKeyToken::parse(token.reveal().expose_secret()).unwrap();
        let owner = database.find_key_owner(&shown).await.unwrap().unwrap();
        assert_eq!((owner.api_key_id, owner.customer_id), (api_key_id, tenant.customer_id));
        assert_eq!((owner.slug.as_str(), owner.name.as_str()), ("acme", "till"));
        assert_eq!(owner.scopes, ["read"]);
        let stranger = ApiKeyToken::generate(tenant.customer_id);
        assert!(database.find_key_owner(&stranger).await.unwrap().is_none());

        assert!(matches!(add("till", None).await, Err(DbError::ApiKeyExists(_))));
        let (_, over) = add("over", Some(jiff::Timestamp::UNIX_EPOCH)).await.unwrap();
        assert!(database.find_key_owner(&over).await.unwrap().is_none());

        let tx = database.tenant(tenant.customer_id).await.unwrap();
        assert!(tx.revoke_api_key("till").await.unwrap());
        assert!(!tx.revoke_api_key("till").await.unwrap());
        // Until it is committed, others see it in use.
        assert!(database.find_key_owner(&shown).await.unwrap().is_some());
        tx.commit().await.unwrap();
        assert!(database.find_key_owner(&shown).await.unwrap().is_none());
        add("till", None).await.unwrap();
        let keys = database.tenant(tenant.customer_id).await.unwrap().api_keys().await.unwrap();
        assert_eq!(keys.len(), 3);
        assert_eq!(keys.iter().filter(|key| key.revoked_at.is_some()).count(), 1);
        assert_eq!(keys.iter().filter(|key| key.last_used_at.is_some()).count(), 1);
    })
    .await;
}
