//! The retailers of the demonstration, and where their exports come from.

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use serde_json::{Value, json};
use shelfops_db::DbError;
use shelfops_db::models::{NewTenant, Tenant};
use shelfops_ingest::quarantine::ReferenceEntity;
use shelfops_ingest::values::Currency;
use shelfops_ingest::{SourceName, Stream};
use shelfops_integrations::file::Mapping;
use shelfops_simulators::grocery::{Exports, Flavour, GroceryConfig, write_exports};

use crate::import::{BATCH_RECORDS, ImportRequest};
use crate::ops::{Context, OpError};

/// A retailer.
pub(super) struct Retailer {
    pub(super) slug: String,
    pub(super) name: &'static str,
    currency: &'static str,
    time_zone: &'static str,
    origin: Origin,
}

/// Where its exports come from.
enum Origin {
    /// Made up, the same at every run.
    Generated(GroceryConfig),
    /// Real ones.
    CompleteJourney(PathBuf),
}

/// What is to be imported, in order.
pub(super) struct Prepared {
    pub(super) requests: Vec<ImportRequest>,
    pub(super) planted: Value,
}

impl Retailer {
    /// Returns the three retailers.
    pub(super) fn all(data: Option<&PathBuf>, lines: u64) -> Vec<Self> {
        let generated = |slug: &str, name, currency, time_zone, flavour, seed| Self {
            slug: slug.to_owned(),
            name,
            currency,
            time_zone,
            origin: Origin::Generated(GroceryConfig {
                basket_lines: lines,
                ..GroceryConfig::new(slug, flavour, seed)
            }),
        };
        let first = match data {
            Some(directory) => Self {
                slug: "completejourney".to_owned(),
                name: "Complete Journey",
                currency: "USD",
                time_zone: "UTC",
                origin: Origin::CompleteJourney(directory.clone()),
            },
            None => {
                let american = Flavour::American;
                generated("northwind", "Northwind Markets", "USD", "America/New_York", american, 17)
            }
        };
        vec![
            first,
            generated("pennygate", "Pennygate", "GBP", "Europe/London", Flavour::British, 18),
            generated("kontor", "Kontor & Korb", "EUR", "Europe/Berlin", Flavour::Continental, 19),
        ]
    }

    /// Adds the tenant, unless an earlier demonstration did.
    pub(super) async fn add(&self, context: &Context) -> Result<Tenant, OpError> {
        add_tenant(context, (&self.slug, self.name), self.currency, self.time_zone).await
    }

    /// Makes or finds the exports.
    pub(super) async fn exports(&self, context: &Context) -> Result<Prepared, OpError> {
        match &self.origin {
            Origin::CompleteJourney(directory) => complete_journey(directory),
            Origin::Generated(config) => {
                let directory = context.config().state_directory.join("demo");
                let config = config.clone();
                let exports =
                    tokio::task::spawn_blocking(move || write_exports(&config, &directory))
                        .await
                        .map_err(|lost| OpError::failed(lost.to_string()))?
                        .map_err(|error| OpError::failed(error.to_string()))?;
                generated(&exports)
            }
        }
    }
}

/// Adds a tenant, unless an earlier demonstration did.
pub(super) async fn add_tenant(
    context: &Context,
    (slug, name): (&str, &str),
    currency: &str,
    time_zone: &str,
) -> Result<Tenant, OpError> {
    let currency = Currency::parse(currency).map_err(|error| OpError::failed(error.to_string()))?;
    let new = NewTenant {
        slug: slug.to_owned(),
        name: name.to_owned(),
        currency,
        time_zone: TimeZone::get(time_zone).unwrap_or(TimeZone::UTC),
    };
    let database = context.database().await?;
    match database.add_tenant(&new).await {
        Err(DbError::TenantExists(slug)) => Ok(database.find_tenant(&slug).await?),
        added => Ok(added?),
    }
}

fn generated(exports: &Exports) -> Result<Prepared, OpError> {
    let files = [
        (&exports.stores, Stream::Stores),
        (&exports.products, Stream::Products),
        (&exports.transactions, Stream::Transactions),
        (&exports.inventory, Stream::Inventory),
        (&exports.purchase_orders, Stream::PurchaseOrders),
    ];
    let requests = files
        .into_iter()
        .map(|(file, stream)| {
            let mapping = match stream {
                Stream::Transactions => Mapping::parse(include_str!("grocery-transactions.toml"))?,
                Stream::Products => Mapping::parse(include_str!("grocery-products.toml"))?,
                _ => Mapping::default(),
            };
            request(&file.path, stream, mapping, "grocery")
        })
        .collect::<Result<_, _>>()?;
    let dirt: serde_json::Map<String, Value> = exports
        .dirt
        .counts()
        .filter(|(_, count)| *count > 0)
        .map(|(kind, count)| (kind.name().to_owned(), json!(count)))
        .collect();
    Ok(Prepared { requests, planted: Value::Object(dirt) })
}

fn complete_journey(directory: &Path) -> Result<Prepared, OpError> {
    let file = |name: &str| {
        let path = directory.join(name);
        if path.is_file() {
            return Ok(path);
        }
        Err(OpError::not_found(format!(
            "there is no {name} in {}; docs/guides/real-data.md says how to get it",
            directory.display()
        )))
    };
    let (products, transactions) = (file("products.parquet")?, file("transactions.parquet")?);
    let source = "completejourney";
    let requests = vec![
        request(&products, Stream::Products, Mapping::load("completejourney-products")?, source)?,
        // The set has no list of stores: they are made from the sales that name them.
        ImportRequest {
            create_unknown: vec![ReferenceEntity::Store],
            ..request(
                &transactions,
                Stream::Transactions,
                Mapping::load("completejourney-transactions")?,
                source,
            )?
        },
    ];
    Ok(Prepared { requests, planted: Value::Null })
}

fn request(
    path: &Path,
    stream: Stream,
    mapping: Mapping,
    source: &str,
) -> Result<ImportRequest, OpError> {
    let create_unknown = match stream {
        Stream::PurchaseOrders => vec![ReferenceEntity::Supplier],
        _ => Vec::new(),
    };
    Ok(ImportRequest {
        path: path.to_owned(),
        stream,
        source: SourceName::parse(source).map_err(|error| OpError::failed(error.to_string()))?,
        mapping,
        create_unknown,
        batch_records: BATCH_RECORDS,
        again: false,
        stop_when_hopeless: true,
    })
}
