//! Who may ask for what: keys that are wrong, foreign, too weak, taken back, or over.

use serde_json::{Value, json};

use crate::fixture::{Reply, Server, Shop, shop};

/// The operator's key of these tests.
pub(super) const OPERATOR: &str = "operator-0123456789-0123456789-0123456789";

fn acme() -> Value {
    json!({ "tenant": "acme" })
}

async fn list(server: &Server, key: &str, tenant: &str) -> Reply {
    server.call("quarantine-list", &json!({ "tenant": tenant })).key(key).send().await
}

async fn sql(shop: &Shop, statement: &str) {
    shop.database().connect().await.unwrap().batch_execute(statement).await.unwrap();
}

#[tokio::test]
async fn nobody_is_let_in_without_a_key_that_is_known() {
    let shop = shop().await;
    let key = shop.key("reports", "acme", &["read"]).await;
    let server = Server::of(&shop, &[]).await;
    list(&server, &key, "acme").await.succeeds();

    let told = server.call("quarantine-list", &acme()).send().await;
    told.is_problem(401, "unauthorized");
    assert_eq!(told.header("www-authenticate"), Some("Bearer"));
    // Not even what there is.
    server.get("/api/v1/operations").send().await.is_problem(401, "unauthorized");

    let (head, secret) = key.rsplit_once('_').unwrap();
    let other = if secret.starts_with('A') { "B" } else { "A" };
    let one_letter_off = format!("{head}_{other}{}", &secret[1..]);
    let other_tenant = format!("shk_{}_{secret}", "0".repeat(32));
    for wrong in ["x", "shk_", &key[..key.len() - 1], &one_letter_off, &other_tenant, OPERATOR] {
        let refused = list(&server, wrong, "acme").await;
        let detail = refused.is_problem(401, "unauthorized");
        assert_eq!(detail, "the key is not known, or it is expired or revoked", "{wrong}");
        assert!(refused.header("www-authenticate").unwrap().contains("invalid_token"));
    }
    let basic = server.call("quarantine-list", &acme()).header("authorization", "Basic YTpi");
    basic.send().await.is_problem(401, "unauthorized");
}

#[tokio::test]
async fn a_key_is_for_its_tenant_and_says_nothing_of_others() {
    let shop = shop().await;
    let scopes = ["read", "write", "admin"];
    let key = shop.key("all", "acme", &scopes).await;
    let bravo = shop.key("all", "bravo", &scopes).await;
    let server = Server::of(&shop, &[]).await;
    for (operation, field) in [
        ("tenant-show", "slug"),
        ("quarantine-list", "tenant"),
        ("sync-list", "tenant"),
        ("quarantine-replay", "tenant"),
        ("api-key-list", "tenant"),
    ] {
        let ask = async |tenant: &str| {
            let reply = server.call(operation, &json!({ field: tenant })).key(&key).send().await;
            reply.is_problem(403, "forbidden")
        };
        // One that exists and one that does not: the same answer.
        assert_eq!(ask("bravo").await, ask("nobody").await, "{operation}");
        let own = server.call(operation, &json!({ field: "bravo" })).key(&bravo).send().await;
        own.succeeds();
    }
    // Nothing was written down for them either.
    let entries = "select count(*) from audit_log where customer_id =
                       (select customer_id from shelfops.tenants where slug = 'bravo')
                       and principal <> 'api-key:all' and operation <> 'tenant add'
                       and operation <> 'api-key add'";
    let client = shop.database().connect().await.unwrap();
    assert_eq!(client.query_one(entries, &[]).await.unwrap().get::<_, i64>(0), 0);
}

#[tokio::test]
async fn a_key_may_do_what_its_scopes_say() {
    let shop = shop().await;
    let reader = shop.key("reader", "acme", &["read"]).await;
    let writer = shop.key("writer", "acme", &["write"]).await;
    let server = Server::of(&shop, &[]).await;
    list(&server, &reader, "acme").await.succeeds();
    let replay = async |key: &str| server.call("quarantine-replay", &acme()).key(key).send().await;
    let detail = replay(&reader).await.is_problem(403, "forbidden");
    assert!(detail.contains("'write'"), "{detail}");
    replay(&writer).await.succeeds();
    // None of them contains another.
    list(&server, &writer, "acme").await.is_problem(403, "forbidden");
    for key in [&reader, &writer] {
        let keys = server.call("api-key-list", &acme()).key(key).send().await;
        keys.is_problem(403, "forbidden");
    }
    // Who did it is in the audit log, by the name of the key.
    let client = shop.database().connect().await.unwrap();
    let row = client
        .query_one(
            "select principal, outcome from audit_log where operation = 'quarantine replay'",
            &[],
        )
        .await
        .unwrap();
    assert_eq!(row.get::<_, &str>(0), "api-key:writer");
    assert_eq!(row.get::<_, &str>(1), "done");
}

#[tokio::test]
async fn what_is_the_operators_is_closed_to_every_tenant() {
    let shop = shop().await;
    let key = shop.key("all", "acme", &["read", "write", "admin"]).await;
    let command = shop.command().env("SHELFOPS_OPERATOR_KEY", OPERATOR);
    let server = Server::start(command, &[]).await;
    let listed = server.get("/api/v1/operations").key(&key).send().await.succeeds();
    let mut closed = 0;
    for operation in listed["data"].as_array().unwrap() {
        if operation["access"] != "operator" {
            continue;
        }
        closed += 1;
        let name = operation["name"].as_str().unwrap().replace(' ', "-");
        // Whatever it is told.
        let reply = server.call(&name, &json!({ "x": 1 })).key(&key).send().await;
        reply.is_problem(403, "forbidden");
    }
    assert!(closed >= 7, "{closed}");
    shop.write("stores.csv", "store_id,name\nS9,Nine\n");
    let import = json!({ "files": ["stores.csv"], "tenant": "acme", "kind": "stores" });
    server.call("import", &import).key(&key).send().await.is_problem(403, "forbidden");

    let tenants = server.call("tenant-list", &json!({})).key(OPERATOR).send().await.succeeds();
    assert_eq!(tenants["data"].as_array().unwrap().len(), 2);
    list(&server, OPERATOR, "bravo").await.succeeds();
    server.call("import", &import).key(OPERATOR).send().await.succeeds();
    let client = shop.database().connect().await.unwrap();
    let principal = client
        .query_one(
            "select principal from audit_log where operation = 'import'
                    order by occurred_at desc limit 1",
            &[],
        )
        .await
        .unwrap();
    assert_eq!(principal.get::<_, &str>(0), "operator-key");
}

#[tokio::test]
async fn an_operators_key_that_could_be_guessed_is_refused() {
    let shop = shop().await;
    let command = shop.command().env("SHELFOPS_OPERATOR_KEY", "secret");
    let said = command.args(["serve", "--listen", "127.0.0.1:0"]).run().await.fails_with(2);
    assert!(said.contains("SHELFOPS_OPERATOR_KEY") && said.contains("32"), "{said}");
    assert!(!said.contains("'secret'"), "{said}");
}

#[tokio::test]
async fn a_key_ends_when_it_is_revoked_or_its_time_is_over() {
    let shop = shop().await;
    let key = shop.key("till", "acme", &["read"]).await;
    let brief = shop.key("brief", "acme", &["read"]).await;
    let server = Server::of(&shop, &[]).await;
    list(&server, &key, "acme").await.succeeds();
    list(&server, &brief, "acme").await.succeeds();

    shop.call("api-key revoke till --tenant acme").await.succeeds();
    list(&server, &key, "acme").await.is_problem(401, "unauthorized");
    let said = shop.call("api-key revoke till --tenant acme").await.fails_with(5);
    assert!(said.contains("no key 'till' in use"), "{said}");

    sql(&shop, "update api_keys set expires_at = now() where name = 'brief'").await;
    list(&server, &brief, "acme").await.is_problem(401, "unauthorized");

    // The name can be given again; the old key stays what it is.
    let again = shop.key("till", "acme", &["read"]).await;
    list(&server, &again, "acme").await.succeeds();
    list(&server, &key, "acme").await.is_problem(401, "unauthorized");

    let listed = shop.call("api-key list --tenant acme --output json").await.succeeds().data();
    let states: Vec<(&str, &str)> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["name"].as_str().unwrap(), row["state"].as_str().unwrap()))
        .collect();
    assert_eq!(states, [("till", "in use"), ("brief", "expired"), ("till", "revoked")]);
}

#[tokio::test]
async fn a_key_is_shown_once_and_kept_nowhere() {
    let shop = shop().await;
    let key = shop.key("till", "acme", &["read"]).await;
    let secret = key.rsplit_once('_').unwrap().1;
    let dump = shelfops_testkit::pg_dump(&shop.database().url()).await.unwrap();
    assert!(!dump.contains(secret));
    let client = shop.database().connect().await.unwrap();
    let kept = "select string_agg(audit_log::text, '') || (select string_agg(api_keys::text, '')
                from api_keys) from audit_log where operation = 'api-key add'";
    let kept: String = client.query_one(kept, &[]).await.unwrap().get(0);
    assert!(kept.contains("till") && !kept.contains(secret), "{kept}");
    let listed = shop.call("api-key list --tenant acme -o json").await.succeeds().stdout;
    assert!(listed.contains("till") && !listed.contains(secret), "{listed}");

    for (line, part) in [
        ("api-key add till --tenant acme", "there is a key 'till' already"),
        ("api-key add a:b --tenant acme", "a key's name has"),
        ("api-key add other --tenant acme --scope everything", "read, write, admin"),
        ("api-key add other --tenant acme --expires-in-days 0", "1 to 3650 days"),
        ("api-key add other --tenant nobody", "there is no tenant 'nobody'"),
    ] {
        let answer = shop.call(line).await;
        assert!([2, 5, 6].contains(&answer.code), "{answer}");
        assert!(answer.stderr.contains(part), "{line}: {answer}");
    }
}

#[tokio::test]
async fn when_a_key_was_used_is_noted_once_a_minute() {
    let shop = shop().await;
    let key = shop.key("till", "acme", &["read"]).await;
    let server = Server::of(&shop, &[]).await;
    let client = shop.database().connect().await.unwrap();
    let state = async || {
        let row = client
            .query_one("select xmin::text, last_used_at is not null from api_keys", &[])
            .await
            .unwrap();
        (row.get::<_, String>(0), row.get::<_, bool>(1))
    };
    assert!(!state().await.1);
    list(&server, &key, "acme").await.succeeds();
    let first = state().await;
    assert!(first.1);
    sql(&shop, "update api_keys set last_used_at = now() + interval '1 hour'").await;
    let held = state().await;
    list(&server, &key, "acme").await.succeeds();
    assert_eq!(state().await, held, "the row is not written again");
    sql(&shop, "update api_keys set last_used_at = now() - interval '61 s'").await;
    let old = state().await;
    list(&server, &key, "acme").await.succeeds();
    assert_ne!(state().await, old);
}

#[tokio::test]
async fn keys_are_looked_after_over_http_and_hand_on_no_more_than_they_have() {
    let shop = shop().await;
    let keeper = shop.key("keeper", "acme", &["admin", "read"]).await;
    let server = Server::of(&shop, &[]).await;
    let add = async |input: Value| server.call("api-key-add", &input).key(&keeper).send().await;
    let added = add(json!({ "name": "made", "tenant": "acme" })).await.succeeds();
    assert_eq!(added["data"]["scopes"], json!(["read"]));
    list(&server, added["data"]["key"].as_str().unwrap(), "acme").await.succeeds();
    let more = add(json!({ "name": "more", "tenant": "acme", "scopes": ["write"] })).await;
    assert!(more.is_problem(403, "forbidden").contains("hand on"), "{more:?}");
    add(json!({ "name": "made", "tenant": "acme" })).await.is_problem(409, "conflict");
    add(json!({ "name": "theirs", "tenant": "bravo" })).await.is_problem(403, "forbidden");
    let revoke = json!({ "name": "made", "tenant": "acme" });
    let revoke = async || server.call("api-key-revoke", &revoke).key(&keeper).send().await;
    revoke().await.succeeds();
    revoke().await.is_problem(404, "not-found");
}
