//! Questions that are not right: each is answered by what is wrong and what to ask instead.

use serde_json::json;

use crate::fixture::{Command, csv, sales, shop};

#[tokio::test]
async fn a_tenant_that_does_not_exist_is_told_with_one_that_does() {
    let shop = shop().await;
    shop.write("sales.csv", csv(&sales(1..=3)));
    for line in [
        "import sales.csv --tenant acne --kind transactions",
        "import sales.csv --tenant acne --kind transactions --dry-run",
        "tenant show acne",
        "sync list --tenant acne",
        "quarantine list --tenant acne",
        "quarantine replay --tenant acne",
        "quarantine discard --tenant acne --rule known-store --reason x",
    ] {
        let said = shop.call(line).await.fails_with(5);
        assert!(said.starts_with("error: there is no tenant 'acne'"), "{line}: {said}");
        assert!(said.contains("did you mean 'acme'?"), "{line}: {said}");
        assert_eq!(said.lines().count(), 1, "{line}: {said}");
    }
    let said = shop.call("tenant show somebody-else").await.fails_with(5);
    assert!(said.contains("`shelfops tenant list`") && !said.contains("did you mean"), "{said}");
}

#[tokio::test]
async fn a_kind_that_does_not_exist_is_told_with_those_that_do() {
    let shop = shop().await;
    shop.write("sales.csv", csv(&sales(1..=3)));
    let said = shop.call("import sales.csv --tenant acme --kind sales").await.fails_with(2);
    for part in ["'sales'", "transactions", "inventory", "products", "stores", "purchase-orders"] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[tokio::test]
async fn wrong_flags_are_usage_errors() {
    let shop = shop().await;
    for (line, part) in [
        ("import", "<FILE>..."),
        ("import sales.csv --tenant acme", "--kind"),
        ("import sales.csv --tenant acme --kind stores --batch-records many", "many"),
        (
            "import sales.csv --tenant acme --kind stores --unknown-stores drop",
            "quarantine, create",
        ),
        ("import sales.csv --tenant acme --kind stores --dry-rum", "--dry-run"),
        ("tenant list --output yaml", "ndjson"),
        ("tenent list", "tenant"),
        ("tenant lst", "list"),
        ("migrate down --all --steps 2", "--steps"),
        ("demo --lines 10", "1000"),
        ("demo --once --lines 1000 --environment production", "--here"),
        ("tenant add Acme!", "cannot name a tenant"),
        ("tenant add zeta --currency US", "US"),
        ("tenant add zeta --time-zone Mars", "'Mars' is no IANA time zone"),
        // A name that stands for no clock.
        ("tenant add zeta --time-zone Etc/Unknown", "'Etc/Unknown' is no IANA time zone"),
        ("quarantine show", "<ID>"),
        ("operation run nonsense", "there is no command 'nonsense'"),
    ] {
        let said = shop.call(line).await.fails_with(2);
        assert!(said.contains(part), "{line}: {said}");
    }
    let input = ["operation", "run", "tenant show", "--input"];
    for (json, part) in [("{", "no JSON"), ("{\"slog\": 1}", "slog")] {
        let said = shop.run(input.into_iter().chain([json])).await.fails_with(2);
        assert!(said.contains(part), "{json}: {said}");
    }
    let input = ["operation", "run", "import", "--input"];
    for (said, part) in [
        (json!({ "kind": "sales" }), "purchase-orders"),
        (json!({ "kind": "stores", "unknown_stores": "drop" }), "`create`"),
        (json!({ "kind": "stores", "unknown_products": "Create" }), "`create`"),
        (json!({ "kind": "stores", "unknown_suppliers": "" }), "`create`"),
    ] {
        let mut told = json!({ "files": ["sales.csv"], "tenant": "acme" });
        told.as_object_mut().unwrap().extend(said.as_object().unwrap().clone());
        let told = told.to_string();
        let said = shop.run(input.into_iter().chain([told.as_str()])).await.fails_with(2);
        assert!(said.contains(part), "{told}: {said}");
    }
}

#[tokio::test]
async fn a_noun_without_its_verb_shows_what_there_is() {
    let shop = shop().await;
    for (line, part) in [("tenant", "Add a retailer"), ("quarantine", "discard"), ("-q", "import")]
    {
        let said = shop.call(line).await.fails_with(2);
        assert!(said.contains("Usage:") && said.contains(part), "{line}: {said}");
        assert!(!said.contains("error:") && !said.contains("reference"), "{line}: {said}");
    }
}

#[tokio::test]
async fn a_tenant_that_is_there_is_not_added_again() {
    let shop = shop().await;
    let said = shop.call("tenant add acme").await.fails_with(6);
    assert!(said.contains("there is a tenant 'acme' already"), "{said}");
}

#[tokio::test]
async fn settings_come_from_the_flag_then_the_environment_then_the_file() {
    let shop = shop().await;
    let nowhere = "postgres://nobody@127.0.0.1:1/nowhere";
    shop.write("shelfops.toml", format!("database_url = \"{nowhere}\"\n"));
    // The file alone: found in the directory or one above it.
    let inner = shop.path("inner");
    std::fs::create_dir(&inner).unwrap();
    let said = Command::new(&inner).args(["tenant", "list"]).run().await.fails_with(8);
    assert!(said.contains("127.0.0.1:1/nowhere"), "{said}");
    // The environment is stronger than the file, a flag stronger than both.
    shop.call("tenant list").await.succeeds();
    let flag = "postgres://nobody@127.0.0.1:1/by-flag";
    let said = shop.run(["tenant", "list", "--database-url", flag]).await.fails_with(8);
    assert!(said.contains("127.0.0.1:1/by-flag"), "{said}");

    // PostgreSQL's own variables are the weakest, and need a host.
    let asking = |host: &str| {
        let command = Command::new(&inner).env("PGHOST", host).env("PGPORT", "1");
        command.env("PGUSER", "nobody").env("PGDATABASE", "by-host").args(["tenant", "list"])
    };
    let said = asking("127.0.0.1").run().await.fails_with(8);
    assert!(said.contains("127.0.0.1:1/nowhere"), "{said}");
    std::fs::remove_file(shop.path("shelfops.toml")).unwrap();
    let said = asking("127.0.0.1").run().await.fails_with(8);
    assert!(said.contains("127.0.0.1:1/by-host"), "{said}");

    shop.write("shelfops.toml", "databse_url = \"x\"\n");
    let said = shop.call("tenant list").await.fails_with(2);
    for part in ["shelfops.toml", "databse_url", "database_url"] {
        assert!(said.contains(part), "{part}: {said}");
    }
}
