//! Designed tables: what comes out passes our own lint, is applied, keeps tenants apart and goes away again.

use shelfops_testkit::{TestDatabase, pg_dump};
use tempfile::TempDir;
use tokio_postgres::Client;

use crate::fixture::{Answer, Command};

const REQUEST: &str = "Create a table to store supplier performance metrics";

const PRICES: &str = r#"
name = "price_changes"
comment = "What the shelf said a product costs, from when"
key = ["product_id", "changed_at"]

[[columns]]
name = "product_id"
meaning = "id"

[[columns]]
name = "changed_at"
meaning = "moment"

[[columns]]
name = "store_id"
meaning = "id"
optional = true

[[columns]]
name = "unit_price"
meaning = "money"

[[columns]]
name = "currency"
meaning = "currency"

[[columns]]
name = "reason"
meaning = "code"
values = ["promotion", "cost", "other"]

[[references]]
table = "products"
columns = ["product_id"]

[[references]]
table = "stores"
columns = ["store_id"]

[[questions]]
asks = "what did a product cost, newest first"
equal = ["product_id"]
range = "changed_at"
newest_first = true

[[questions]]
asks = "all changes for one reason"
equal = ["reason"]

[volume]
tenants = 200
things = 5000
rows_a_year = 6
time = "changed_at"
"#;

struct Site {
    database: TestDatabase,
    directory: TempDir,
}

impl Site {
    async fn open() -> Self {
        let database = TestDatabase::empty().await.unwrap();
        let site = Self { database, directory: tempfile::tempdir().unwrap() };
        site.call(&["migrate", "up", "--timeseries-engine", "native"]).await.succeeds();
        site
    }

    async fn call(&self, arguments: &[&str]) -> Answer {
        let command = Command::new(self.directory.path()).env("DATABASE_URL", self.database.url());
        command.args(arguments).run().await
    }

    async fn client(&self) -> Client {
        self.database.connect().await.unwrap()
    }

    /// Applies a design as the owner, as the runner of migrations does.
    async fn apply(&self, sql: &str) {
        let text = format!("begin; set local role shelfops_owner; {sql} commit;");
        let client = self.client().await;
        client.batch_execute(&text).await.unwrap_or_else(|error| panic!("{sql}\n{error:?}"));
    }
}

fn part<'a>(answer: &'a serde_json::Value, name: &str) -> &'a str {
    answer["design"][name].as_str().unwrap()
}

/// Two tenants with a supplier and a product each.
const TENANTS: &str = "
    insert into shelfops.tenants values
        ('a0a0a0a0-0000-7000-8000-000000000000', 'alfa'),
        ('b0b0b0b0-0000-7000-8000-000000000000', 'bravo');
    do $$
    declare
        tenant uuid;
    begin
        for tenant in select customer_id from shelfops.tenants loop
            perform shelfops.enter_tenant(tenant);
            insert into customers values (tenant, 'x', 'EUR', 'UTC');
            insert into suppliers (customer_id, supplier_id, name) values (tenant, tenant, 'x');
            insert into products (customer_id, product_id, name) values (tenant, tenant, 'x');
        end loop;
    end
    $$;";

const ALFA: &str = "a0a0a0a0-0000-7000-8000-000000000000";
const BRAVO: &str = "b0b0b0b0-0000-7000-8000-000000000000";

/// Runs a statement as the application does for a tenant; answers how many rows it met.
async fn as_tenant(client: &Client, tenant: &str, sql: &str) -> Result<u64, String> {
    let enter =
        format!("begin; select shelfops.enter_tenant('{tenant}'); set local role shelfops_app");
    client.batch_execute(&enter).await.unwrap();
    let outcome = client.execute(sql, &[]).await;
    client.batch_execute(if outcome.is_ok() { "commit" } else { "rollback" }).await.unwrap();
    outcome.map_err(|error| error.as_db_error().unwrap().message().to_owned())
}

fn metrics(tenant: &str, supplier: &str, on_time: i32) -> String {
    format!(
        "insert into supplier_performance (customer_id, supplier_id, period_starts_on, lines_ordered,
             lines_on_time, lines_in_full, lines_on_time_in_full, units_ordered, units_received,
             units_defective, lead_time_days_sum, lead_time_days_squared_sum, lead_time_count,
             spend_amount, currency, source)
         values ('{tenant}', '{supplier}', '2026-03-01', 10, {on_time}, 8, 7, 100, 101, 2, 30, 110, 10,
             1234.5, 'EUR', 'erp')"
    )
}

#[tokio::test]
async fn supplier_performance_comes_out_as_an_engineer_would_write_it() {
    let site = Site::open().await;
    let answer = site.call(&["schema", "design", "--from-intent", REQUEST, "-o", "json"]).await;
    let data = answer.succeeds().data();
    let up = part(&data, "up");
    for wanted in [
        "customer_id uuid not null references customers",
        "primary key (customer_id, supplier_id, period_starts_on)",
        "foreign key (customer_id, supplier_id) references suppliers",
        "check (lines_on_time <= lines_ordered)",
        "spend_amount numeric(19, 4) not null",
        "select shelfops.protect_tenant_table('supplier_performance');",
        "create index supplier_performance_period_starts_on on supplier_performance \
         (customer_id, period_starts_on desc);",
        "date_trunc('month'",
    ] {
        assert!(up.contains(wanted), "{wanted}\n{up}");
    }
    assert!(!up.contains("percent") && !up.contains("double precision"), "{up}");
    assert_eq!(part(&data, "down"), "drop table supplier_performance;\n");
    assert_eq!(data["design"]["sizing"]["rows_a_year"], 1_200_000);
    assert_eq!(data["questions"].as_array().unwrap().len(), 2);
    let ratios = data["design"]["ratios"].to_string();
    assert!(
        ratios.contains("sum(lines_on_time)::numeric / nullif(sum(lines_ordered), 0)"),
        "{ratios}"
    );
    let rejected = data["design"]["indexes"].to_string();
    assert!(rejected.contains("served by the primary key"), "{rejected}");
}

#[tokio::test]
async fn a_designed_table_passes_lint_keeps_tenants_apart_and_goes_away() {
    let site = Site::open().await;
    let client = site.client().await;
    client.batch_execute(TENANTS).await.unwrap();
    let before = pg_dump(&site.database.url()).await.unwrap();
    std::fs::create_dir(site.directory.path().join("made")).unwrap();
    let line = ["schema", "design", "--from-intent", REQUEST, "--write", "made", "-o", "json"];
    let data = site.call(&line).await.succeeds().data();
    let lint = site.call(&["migrate", "lint", "made", "--database", "-o", "json"]).await.succeeds();
    let found = lint.data();
    assert_eq!(
        (&found["findings"], found["files"].as_u64()),
        (&serde_json::json!([]), Some(2)),
        "{lint}"
    );
    site.apply(part(&data, "up")).await;

    as_tenant(&client, ALFA, &metrics(ALFA, ALFA, 9)).await.unwrap();
    let check = as_tenant(&client, BRAVO, &metrics(BRAVO, BRAVO, 11)).await.unwrap_err();
    assert!(check.contains("supplier_performance_lines_on_time_at_most"), "{check}");
    // Nobody's rows but one's own: not read, not changed, not written, not pointed at.
    for attack in [
        "select from supplier_performance",
        "update supplier_performance set lines_ordered = 99",
        "delete from supplier_performance",
    ] {
        assert_eq!(as_tenant(&client, BRAVO, attack).await, Ok(0), "{attack}");
    }
    let written = as_tenant(&client, BRAVO, &metrics(ALFA, ALFA, 9)).await.unwrap_err();
    assert!(written.contains("row-level security"), "{written}");
    let pointed = as_tenant(&client, BRAVO, &metrics(BRAVO, ALFA, 9)).await.unwrap_err();
    assert!(pointed.contains("foreign key"), "{pointed}");
    assert_eq!(as_tenant(&client, ALFA, "select from supplier_performance").await, Ok(1));
    let open = client
        .query(
            "select relname::text from pg_class
             where relname = 'supplier_performance' and not (relrowsecurity and relforcerowsecurity)",
            &[],
        )
        .await
        .unwrap();
    assert!(open.is_empty());
    site.apply(part(&data, "down")).await;
    assert_eq!(pg_dump(&site.database.url()).await.unwrap(), before);
}

#[tokio::test]
async fn a_specification_says_which_indexes_were_not_made_and_why() {
    let site = Site::open().await;
    std::fs::write(site.directory.path().join("prices.toml"), PRICES).unwrap();
    let answer = site.call(&["schema", "design", "prices.toml", "-o", "json"]).await.succeeds();
    let data = answer.data();
    let indexes = data["design"]["indexes"].as_array().unwrap();
    let made: Vec<&str> = indexes.iter().filter_map(|index| index["name"].as_str()).collect();
    assert_eq!(made, ["price_changes_store"], "{answer}");
    let text = data["design"]["indexes"].to_string();
    assert!(text.contains("reason has few values"), "{text}");
    site.apply(part(&data, "up")).await;
    site.apply(part(&data, "down")).await;
    // Ten times the volume, asked by time: partitioned, with the sum.
    let large = PRICES
        .replace("rows_a_year = 6", "rows_a_year = 60")
        .replace("\n[[references]]\ntable = \"stores\"\ncolumns = [\"store_id\"]\n", "");
    std::fs::write(site.directory.path().join("prices.toml"), large).unwrap();
    let data =
        site.call(&["schema", "design", "prices.toml", "-o", "json"]).await.succeeds().data();
    assert_eq!(data["design"]["sizing"]["is_timeseries"], true);
    let sum = data["design"]["sizing"]["arithmetic"].as_str().unwrap();
    assert!(sum.contains("200 tenants x 5000 x 60 rows a year = 60,000,000 rows"), "{sum}");
    site.apply(part(&data, "up")).await;
    site.apply(part(&data, "down")).await;
}

#[tokio::test]
async fn words_are_understood_or_questions_are_asked() {
    let site = Site::open().await;
    let intent = "a table price_changes with product_id, changed_at, unit_price and is_promotion";
    let data = site.call(&["schema", "design", "--from-intent", intent, "-o", "json"]).await;
    let data = data.succeeds().data();
    let up = part(&data, "up");
    for wanted in ["unit_price numeric(19, 4)", "currency text", "references products", "boolean"] {
        assert!(up.contains(wanted), "{wanted}\n{up}");
    }
    site.apply(up).await;
    let asked = site.call(&["schema", "design", "--from-intent", "something for the boss"]).await;
    let asked = asked.exits_with(3);
    assert!(asked.stdout.contains("What is one row"), "{asked}");
    std::fs::write(site.directory.path().join("bad.toml"), "name = 'X'\ncomment = ''\n").unwrap();
    let said = site.call(&["schema", "design", "bad.toml"]).await.fails_with(2);
    for fault in ["'X' is no name", "say what makes a row", "say what one row is"] {
        assert!(said.contains(fault), "{fault}: {said}");
    }
}

#[tokio::test]
async fn what_is_there_is_listed_and_shown_with_its_ddl() {
    let site = Site::open().await;
    let listed = site.call(&["schema", "list", "store", "--schema", "public", "-o", "json"]).await;
    let rows = listed.succeeds().data();
    assert_eq!(rows[0]["name"], "public.stores");
    assert_eq!(rows[0]["row_security"], "forced");
    let shown = site.call(&["schema", "show", "stores"]).await.succeeds();
    for part in [
        "create table public.stores (",
        "create policy tenant_isolation on public.stores",
        "to shelfops_app",
    ] {
        assert!(shown.stdout.contains(part), "{part}: {shown}");
    }
    site.call(&["schema", "show", "nowhere"]).await.fails_with(5);
}
