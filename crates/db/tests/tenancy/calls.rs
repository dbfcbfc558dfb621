//! Every function of the product's own that a tenant's role may call, told whatever could be told to it.

use std::collections::BTreeSet;

use tokio_postgres::Client;

use super::attacker::{Attacker, Way};
use super::functions::{FOR_APP, FOR_READONLY};
use super::retailers::{ALFA, BRAVO, on_every_engine};

/// How many mixtures of arguments each function gets, besides those with one that is odd.
const ROUNDS: usize = 24;

/// What an argument of a type could name: nothing, something of one's own, something of the victim's.
fn told(kind: &str) -> Vec<String> {
    let values: &[&str] = match kind {
        "uuid" => &["'{b}'::uuid", "'{a}'::uuid", "null::uuid"],
        "uuid[]" => &["array['{b}', '{k}-000000000001']::uuid[]", "'{}'::uuid[]", "null::uuid[]"],
        "text" => &[
            "'transactions'",
            "'stores'",
            "'store_id'",
            "'sync'",
            "'UTC'",
            "'{b}'",
            "'../{b}/sync'",
            "'%'",
            "''",
            "null",
        ],
        "jsonb" => &["'{}'::jsonb", "'{\"customer_id\": \"{b}\"}'::jsonb", "'[]'::jsonb", "null"],
        "bytea" => &["sha256('guess')", "'\\x'::bytea", "null::bytea"],
        "integer" => &["3", "0", "-1", "2147483647", "null"],
        "integer[]" => &["array[9500, 9501]", "'{}'::integer[]", "null::integer[]"],
        "interval" => &["interval '7 days'", "interval '0'", "interval '-1 day'", "null::interval"],
        "time without time zone" => &["time '03:00'", "null::time"],
        "timestamp with time zone" => &[
            "'2026-05-04 00:00+00'::timestamptz",
            "'2026-05-11 00:00+00'::timestamptz",
            "'2026-01-05 00:00+00'::timestamptz",
            "'infinity'::timestamptz",
            "null::timestamptz",
        ],
        "timestamp with time zone[]" => {
            &["array['2026-01-06 10:00+00', '2027-03-01 10:00+00']::timestamptz[]", "null"]
        }
        other => panic!("a function takes {other}: say here what it could be told"),
    };
    let fill = |value: &&str| {
        value
            .replace("{a}", ALFA.customer_id)
            .replace("{b}", BRAVO.customer_id)
            .replace("{k}", BRAVO.known)
    };
    values.iter().map(fill).collect()
}

/// Returns each function that a role may call, by its name, with calls of it.
async fn calls(client: &Client, role: &str) -> Vec<(String, BTreeSet<String>)> {
    let functions = "
        select proname::text, format('%I.%I', nspname, proname),
            array(select format_type(argument, null)
                  from unnest(proargtypes::oid[]) with ordinality as it (argument, place)
                  order by place)
        from pg_proc join pg_namespace on pg_namespace.oid = pronamespace
        where nspname ~ '^(shelfops|timeseries)'
            and has_function_privilege($1, pg_proc.oid, 'execute')
            and has_schema_privilege($1, nspname, 'usage')
            -- A trigger's function cannot be called.
            and prorettype <> 'trigger'::regtype";
    let mut found = Vec::new();
    for row in client.query(functions, &[&role]).await.unwrap() {
        let (name, path, kinds): (String, String, Vec<String>) =
            (row.get(0), row.get(1), row.get(2));
        let choices: Vec<Vec<String>> = kinds.iter().map(|kind| told(kind)).collect();
        let call =
            |arguments: Vec<String>| format!("select * from {path}({})", arguments.join(", "));
        let mut calls = BTreeSet::new();
        calls.insert(call(kinds.iter().map(|kind| format!("null::{kind}")).collect()));
        // Each argument takes its values in turn while the others keep their first one, which is good.
        for (place, values) in choices.iter().enumerate() {
            for value in values {
                let mut arguments: Vec<String> = choices.iter().map(|it| it[0].clone()).collect();
                arguments[place].clone_from(value);
                calls.insert(call(arguments));
            }
        }
        // And all together, each at a pace of its own.
        for round in 0..ROUNDS {
            let arguments = choices.iter().zip(1..);
            let arguments =
                arguments.map(|(values, pace)| values[round / pace % values.len()].clone());
            calls.insert(call(arguments.collect()));
        }
        found.push((name, calls));
    }
    found
}

#[tokio::test]
async fn no_function_tells_or_changes_anything_of_anothers_whatever_it_is_told() {
    on_every_engine(async |fixture| {
        for (role, expected) in [("shelfops_app", FOR_APP), ("shelfops_readonly", FOR_READONLY)] {
            for way in [Way::SteppedDown, Way::LoggedIn] {
                let attacker = Attacker::new(fixture, way, role).await;
                let functions = calls(attacker.witness(), role).await;
                let names: BTreeSet<&str> = functions.iter().map(|(name, _)| &**name).collect();
                assert_eq!(names, expected.iter().copied().collect(), "{role}");
                attacker.enter(ALFA).await;
                for call in functions.iter().flat_map(|(_, calls)| calls) {
                    try_call(&attacker, call).await;
                }
                // A week in the making lets more of them get further.
                if role == "shelfops_app" {
                    let begin = "select shelfops.begin_chunk('transactions', '2026-05-04 00:00+00',
                                     '2026-05-11 00:00+00')";
                    attacker.client.batch_execute(begin).await.unwrap();
                    for call in functions.iter().flat_map(|(_, calls)| calls) {
                        try_call(&attacker, call).await;
                    }
                }
                attacker.rollback().await;
                // Without a tenant as well.
                attacker.begin().await;
                for call in functions.iter().flat_map(|(_, calls)| calls) {
                    try_call(&attacker, call).await;
                }
                attacker.rollback().await;
            }
        }
    })
    .await;
}

/// Refused or harmless: `attempt` reads what is told, and looks at the victim.
async fn try_call(attacker: &Attacker, call: &str) {
    if let Ok(outcome) = attacker.attempt(call).await {
        let is_echo = call.contains(BRAVO.known);
        assert!(is_echo || BRAVO.trace_in(&outcome.text).is_none(), "{call}: {}", outcome.text);
    }
}

#[tokio::test]
async fn a_job_is_its_tenants_whatever_its_key_queue_and_payload_claim() {
    on_every_engine(async |fixture| {
        let (own, other) = (ALFA.customer_id, BRAVO.customer_id);
        let attacker = Attacker::new(fixture, Way::SteppedDown, "shelfops_app").await;
        attacker.enter(ALFA).await;
        let waits = async |key: &str| {
            let sql = format!("select shelfops.job_waits('{key}')");
            attacker.attempt_knowing(&sql).await.unwrap().text.trim().to_owned()
        };
        assert_eq!(waits("alfa-secret").await, "t", "its own job waits");
        for key in ["bravo-secret", &format!("{other}/bravo-secret"), "%", "../%"] {
            assert_eq!(waits(key).await, "f", "{key}");
        }
        for key in ["bravo-secret", &format!("{other}/bravo-secret"), &format!("/{other}/bravo-secret")] {
            let put = format!(
                "select shelfops.enqueue_job('sync', '{{\"customer_id\": \"{other}\"}}', '{key}', '{key}', 3)"
            );
            // The victim's job and queue stay as they are: `attempt_knowing` looks.
            attacker.attempt_knowing(&put).await.unwrap();
            attacker.client.batch_execute("savepoint put").await.unwrap();
            let number: i64 = attacker.client.query_one(&put, &[]).await.unwrap().get(0);
            attacker.look_as_superuser().await;
            let read = "select payload ->> 'customer_id', key, queue_name
                        from shelfops_queue._private_jobs as job
                        join shelfops_queue._private_job_queues as queue on queue.id = job_queue_id
                        where job.id = $1";
            let row = attacker.client.query_one(read, &[&number]).await.unwrap();
            let (whose, found_key, queue): (String, String, String) =
                (row.get(0), row.get(1), row.get(2));
            assert_eq!(whose, own);
            assert_eq!((found_key, queue), (format!("{own}/{key}"), format!("{own}/{key}")));
            attacker.client.batch_execute("rollback to savepoint put").await.unwrap();
        }
        // Told nothing, it would be nobody's: the platform's own.
        for nothing in ["null", "'null'", "'[]'", "'7'"] {
            let put =
                format!("select shelfops.enqueue_job('timeseries-upkeep', {nothing}, null, null, 3)");
            let refusal = attacker.attempt(&put).await.expect_err(&put);
            assert_eq!(refusal.code.code(), "22023", "{put}: {refusal}");
        }
        attacker.rollback().await;
    })
    .await;
}
