//! Square: point of sale, catalogue and stock, read through its Connect API.
//!
//! The API's words stay below this directory. What it documents and what it only does is told apart
//! where it matters; where the documents are silent, either answer works.

mod client;
mod day;
mod map;
mod oauth;
mod page_size;
mod streams;
mod webhooks;
mod wire;

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::civil::Date;
use serde_json::Value;
use shelfops_ingest::Stream;
use shelfops_ingest::records::Draft;
use shelfops_ingest::source::{Malformed, Source};

use crate::connector::{
    Authorisation, CheckReport, Connection, Connector, ConnectorError, DayBasis, DayTotals,
    MissingScope, OpenRequest, Webhooks,
};
use crate::oauth::OAuthFlow;
use client::{Call, Client};

/// The version of the API that everything here is written for.
pub const API_VERSION: &str = "2026-09-16";

/// The vendor's name as the vendor writes it.
const TITLE: &str = "Square";

/// Where the API of real sellers is.
pub const PRODUCTION: &str = "https://connect.squareup.com";

/// Where the API of made-up sellers is; it has no tills.
pub const SANDBOX: &str = "https://connect.squareupsandbox.com";

/// The connector.
pub struct Square;

impl Connector for Square {
    fn name(&self) -> &'static str {
        "square"
    }

    fn title(&self) -> &'static str {
        TITLE
    }

    fn streams(&self) -> &'static [Stream] {
        const STREAMS: &[Stream] = &[
            Stream::Stores,
            Stream::Products,
            Stream::Suppliers,
            Stream::Transactions,
            Stream::Inventory,
        ];
        STREAMS
    }

    fn authorisation(&self) -> Authorisation {
        Authorisation::OAuth
    }

    fn scopes(&self, stream: Stream) -> &'static [&'static str] {
        match stream {
            Stream::Stores => &["MERCHANT_PROFILE_READ"],
            Stream::Products => &["ITEMS_READ"],
            Stream::Suppliers => &["VENDOR_READ"],
            // Orders are asked for store by store, and refunds belong to payments.
            Stream::Transactions => &["MERCHANT_PROFILE_READ", "ORDERS_READ", "PAYMENTS_READ"],
            Stream::Inventory => &["INVENTORY_READ"],
            Stream::PurchaseOrders => &[],
        }
    }

    fn oauth(&self) -> Option<&'static dyn OAuthFlow> {
        Some(&oauth::SquareOAuth)
    }

    fn webhooks(&self) -> Option<&'static dyn Webhooks> {
        Some(&webhooks::SquareWebhooks)
    }

    fn open(
        &self,
        connection: Arc<Connection>,
        request: OpenRequest,
    ) -> Result<Box<dyn Source>, ConnectorError> {
        Ok(Box::new(streams::open(Client::new(connection).reaching(request.reach), &request)?))
    }

    fn draft_from_raw(&self, stream: Stream, raw: &Value) -> Result<Draft, Malformed> {
        streams::draft_from_raw(stream, raw)
    }

    fn check(
        &self,
        connection: Arc<Connection>,
    ) -> BoxFuture<'_, Result<CheckReport, ConnectorError>> {
        async move {
            let status = connection.token_status().await?;
            let granted = status.as_ref().map(|status| &*status.scopes).unwrap_or_default();
            let missing = |stream: &Stream| {
                let needed = self.scopes(*stream).iter();
                let missing = needed.filter(|scope| !granted.iter().any(|other| other == **scope));
                missing.map(|scope| MissingScope { stream: *stream, scope }).collect::<Vec<_>>()
            };
            let missing: Vec<_> = self.streams().iter().flat_map(missing).collect();
            let call = Call::new("the list of locations", self.scopes(Stream::Stores));
            let store_count = match streams::locations(&Client::new(connection), &call).await {
                Ok(list) => Some(list.stores.len()),
                // What is missing is worth more than that one thing is.
                Err(ConnectorError::Forbidden { .. }) if !missing.is_empty() => None,
                Err(error) => return Err(error),
            };
            Ok(CheckReport {
                missing,
                store_count,
                granted_by: status.as_ref().and_then(|status| status.granted_by.clone()),
                expires_at: status.and_then(|status| status.expires_at),
            })
        }
        .boxed()
    }

    fn day_totals(
        &self,
        connection: Arc<Connection>,
        day: Date,
        basis: DayBasis,
    ) -> BoxFuture<'_, Result<Vec<DayTotals>, ConnectorError>> {
        async move { day::totals(&Client::new(connection), day, basis).await }.boxed()
    }
}
