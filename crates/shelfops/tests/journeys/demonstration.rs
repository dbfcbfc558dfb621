//! The demonstration in a database that is named, and on data of one's own.

use std::path::Path;
use std::sync::Arc;

use parquet::column::writer::ColumnWriter;
use parquet::data_type::{ByteArray, Int96};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use serde_json::{Value, json};

use crate::fixture::{Report, Shop, shop};

/// What no store has, by the counts themselves: the newest of each shelf, asked without a rollup.
const STOCK_OUTS: &str = "
    with newest as (
        select distinct on (store_id, product_id)
            store_id, product_id, counted_at, quantity_on_hand, quantity_on_order
        from inventory_levels
        order by store_id, product_id, counted_at desc
    )
    select jsonb_build_array(store.name, product.name, quantity_on_hand::float8,
        quantity_on_order::float8, extract(epoch from counted_at)::bigint)::text
    from newest
    join stores as store using (store_id)
    join products as product using (product_id)
    where quantity_on_hand <= 0
    order by counted_at desc, store.name, product.name";

impl Shop {
    /// Asks the database as a tenant.
    async fn texts_of(&self, slug: &str, query: &str) -> Vec<String> {
        let client = self.database().connect().await.unwrap();
        let enter = format!(
            "begin; select shelfops.enter_tenant(customer_id) from shelfops.tenants
             where slug = '{slug}'; set local role shelfops_app"
        );
        client.batch_execute(&enter).await.unwrap();
        client.query(query, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
    }

    /// Returns the tenants by their names.
    async fn tenants(&self) -> Vec<String> {
        let listed = self.call("tenant list --output json").await.succeeds().data();
        let names =
            listed.as_array().unwrap().iter().map(|tenant| tenant["slug"].as_str().unwrap());
        names.map(str::to_owned).collect()
    }
}

/// Returns a stock-out of the answers as [`STOCK_OUTS`] tells it.
fn stock_out(told: &Value) -> Value {
    let number = |name: &str| told[name].as_str().unwrap().parse::<f64>().unwrap();
    let counted_at: jiff::Timestamp = told["counted_at"].as_str().unwrap().parse().unwrap();
    let (on_hand, on_order) = (number("quantity_on_hand"), number("quantity_on_order"));
    json!([told["store"], told["product"], on_hand, on_order, counted_at.as_second()])
}

/// Reads what the database says: there 0 is no 0.0.
fn told_by(line: &str) -> Value {
    let mut kept: Value = serde_json::from_str(line).unwrap();
    for place in [2, 3] {
        kept[place] = json!(kept[place].as_f64().unwrap());
    }
    kept
}

#[tokio::test]
async fn a_database_that_is_named_is_used_once_somebody_says_that_it_may_be() {
    let shop = shop().await;
    let demo = "demo --once --lines 1000";
    let in_production =
        |line: &str| shop.command().env("SHELFOPS_ENVIRONMENT", "production").args(line.split(' '));
    let said = in_production(demo).run().await.fails_with(2);
    assert!(said.contains("--here"), "{said}");
    assert_eq!(shop.tenants().await, ["acme", "bravo"], "nothing was made");

    let answer = in_production(&format!("{demo} --here")).run().await.succeeds();
    let data = answer.data();
    let slugs: Vec<&str> = data["tenants"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["tenant"].as_str().unwrap())
        .collect();
    assert_eq!(slugs, ["northwind", "pennygate", "kontor", "harbour"]);
    let mut tenants = shop.tenants().await;
    tenants.retain(|slug| slugs.contains(&slug.as_str()));
    assert_eq!(tenants.len(), 4, "they are in the database that was named");
    assert!(!shop.path("state/postgres").exists(), "no other server was started");
    // Whoever was there before has what was there before.
    assert_eq!(shop.line_count().await, 0);
}

#[tokio::test]
async fn an_older_schema_that_is_not_for_development_is_not_changed_by_a_demonstration() {
    let shop = shop().await;
    shop.call("migrate down --steps 1 --delete-data").await.succeeds();
    let status = shop.call("migrate status --output json").await.succeeds().data();
    let command = shop.command().env("SHELFOPS_ENVIRONMENT", "production");
    let demo = "demo --once --lines 1000 --here";
    let said = command.args(demo.split(' ')).run().await.fails_with(4);
    assert!(said.contains("`shelfops migrate up`"), "{said}");
    assert_eq!(shop.call("migrate status --output json").await.succeeds().data(), status);
    assert_eq!(shop.tenants().await, ["acme", "bravo"]);
}

#[tokio::test]
async fn the_third_answer_is_what_was_counted_last_and_is_not_there() {
    let shop = shop().await;
    let demo = "demo --once --lines 1000";
    shop.call(demo).await.succeeds();
    // A night in which three shelves of real stores and products are found empty, and one is filled up.
    let exports = shop.path("state/demo/northwind");
    let [stores, products] = ["stores.csv", "products.csv"].map(|file| ids(&exports.join(file)));
    let mut counts =
        String::from("store_id,product_id,counted_at,quantity_on_hand,quantity_on_order\n");
    for (place, (on_hand, hour)) in
        [("0", 1), ("-2", 2), ("0", 3), ("0", 4), ("9", 5)].into_iter().enumerate()
    {
        // The last two are of one shelf.
        let product = &products[place.min(3)];
        counts += &format!("{},{product},2025-05-01 0{hour}:00:00,{on_hand},12\n", stores[0]);
    }
    shop.write("night.csv", counts);
    let night = "import night.csv --tenant northwind --kind inventory --source grocery";
    shop.call(night).await.succeeds();

    let answers = shop.call(demo).await.succeeds().data()["answers"].clone();
    let told: Vec<Value> =
        answers["stock_outs"].as_array().unwrap().iter().map(stock_out).collect();
    let kept = shop.texts_of("northwind", STOCK_OUTS).await;
    let expected: Vec<Value> = kept.iter().take(5).map(|line| told_by(line)).collect();
    assert_eq!(told, expected);
    let on_hand: Vec<f64> = told.iter().take(3).map(|line| line[2].as_f64().unwrap()).collect();
    assert_eq!(on_hand, [0.0, -2.0, 0.0], "counted last first, and none that was filled up");
    assert!(told[..3].iter().all(|line| line[3] == 12.0), "{told:?}");
}

/// Returns the first column of a file.
fn ids(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().skip(1).map(|line| line.split(',').next().unwrap().to_owned()).collect()
}

/// A column of a Parquet file.
enum Column {
    Whole(Vec<i64>),
    Amounts(Vec<f64>),
    /// Seconds of 2 January 2017.
    Times(Vec<u64>),
    Texts(Vec<&'static str>),
}

impl Column {
    fn kind(&self) -> &'static str {
        match self {
            Self::Whole(_) => "int64",
            Self::Amounts(_) => "double",
            Self::Times(_) => "int96",
            Self::Texts(_) => "binary",
        }
    }
}

fn write_parquet(path: &Path, columns: &[(&str, Column)]) {
    let fields: String = columns
        .iter()
        .map(|(name, column)| {
            let text = if matches!(column, Column::Texts(_)) { " (UTF8)" } else { "" };
            format!("required {} {name}{text}; ", column.kind())
        })
        .collect();
    let schema = parse_message_type(&format!("message it {{ {fields} }}")).unwrap();
    let file = std::fs::File::create(path).unwrap();
    let mut writer = SerializedFileWriter::new(file, Arc::new(schema), Arc::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    for (_, values) in columns {
        let mut column = group.next_column().unwrap().unwrap();
        match (column.untyped(), values) {
            (ColumnWriter::Int64ColumnWriter(to), Column::Whole(values)) => {
                to.write_batch(values, None, None).unwrap();
            }
            (ColumnWriter::DoubleColumnWriter(to), Column::Amounts(values)) => {
                to.write_batch(values, None, None).unwrap();
            }
            (ColumnWriter::Int96ColumnWriter(to), Column::Times(seconds)) => {
                let moment = |seconds: &u64| {
                    let nanoseconds = seconds * 1_000_000_000;
                    let mut moment = Int96::new();
                    // The Julian day of the Unix epoch, and the days since then.
                    let day = 2_440_588 + 17_168;
                    moment.set_data(nanoseconds as u32, (nanoseconds >> 32) as u32, day);
                    moment
                };
                let values: Vec<Int96> = seconds.iter().map(moment).collect();
                to.write_batch(&values, None, None).unwrap();
            }
            (ColumnWriter::ByteArrayColumnWriter(to), Column::Texts(values)) => {
                let values: Vec<ByteArray> =
                    values.iter().map(|text| ByteArray::from(*text)).collect();
                to.write_batch(&values, None, None).unwrap();
            }
            _ => panic!("a column of another type"),
        }
        column.close().unwrap();
    }
    group.close().unwrap();
    writer.close().unwrap();
}

/// Two stores that nobody lists, three products, and lines of which two are no good.
fn write_complete_journey(directory: &Path) {
    let texts = |values: &[&'static str]| Column::Texts(values.to_vec());
    write_parquet(
        &directory.join("products.parquet"),
        &[
            ("product_id", Column::Whole(vec![25, 26, 27])),
            ("department", texts(&["GROCERY", "GROCERY", "DELI"])),
            ("brand", texts(&["Private", "National", "Private"])),
            ("product_category", texts(&["FRZN ICE", "TEA", "CHEESE"])),
            ("product_type", texts(&["ICE", "GREEN TEA", "GOUDA"])),
            ("package_size", texts(&["22 LB", "20 CT", "8 OZ"])),
        ],
    );
    write_parquet(
        &directory.join("transactions.parquet"),
        &[
            ("store_id", Column::Whole(vec![330, 330, 406, 406, 406])),
            ("basket_id", Column::Whole(vec![1, 1, 2, 2, 2])),
            // Nobody lists 99.
            ("product_id", Column::Whole(vec![25, 26, 25, 27, 99])),
            ("quantity", Column::Whole(vec![1, 2, 3, 0, 1])),
            ("sales_value", Column::Amounts(vec![0.5, 3.98, 1.5, 0.0, 2.0])),
            ("transaction_timestamp", Column::Times(vec![36_000, 36_000, 50_000, 50_000, 50_000])),
        ],
    );
}

#[tokio::test]
async fn data_of_ones_own_is_the_first_retailers() {
    let shop = shop().await;
    let demo = "demo --once --lines 1000 --data journey";
    std::fs::create_dir(shop.path("journey")).unwrap();
    let said = shop.call(demo).await.fails_with(5);
    assert!(said.contains("products.parquet") && said.contains("real-data.md"), "{said}");

    write_complete_journey(&shop.path("journey"));
    let data = shop.call(demo).await.succeeds().data();
    let first = &data["tenants"][0];
    assert_eq!(first["tenant"], "completejourney");
    let files = first["files"].as_array().unwrap().iter().cloned();
    let files: Vec<Report> = files.map(|file| serde_json::from_value(file).unwrap()).collect();
    assert_eq!(files[0].outcome(), [3, 0, 0, 0]);
    assert_eq!(files[1].outcome(), [3, 0, 0, 2]);
    assert_eq!(files[1].counts.refused(), [("known-product", 1), ("quantity-positive", 1)]);
    assert_eq!(files[1].counts.created_references, 2, "stores come from the lines that name them");

    let answers = &data["answers"];
    assert_eq!(answers["tenant"], "completejourney");
    let day = &answers["daily_sales"][0];
    assert_eq!(
        [&day["business_date"], &day["lines"], &day["sold_quantity"], &day["net_sales"]],
        [&json!("2017-01-02"), &json!(3), &json!("6"), &json!("5.98")]
    );
    let top: Vec<&Value> =
        answers["top_sellers"].as_array().unwrap().iter().map(|it| &it["product"]).collect();
    assert_eq!(top, ["GREEN TEA 20 CT", "ICE 22 LB"]);
    assert_eq!(answers["stock_outs"], json!([]), "the set has no counts");
}
