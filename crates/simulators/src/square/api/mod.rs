//! The vendor's read endpoints: one file a resource, one line here for each.

mod body;
mod call;
mod catalog;
mod catalog_search;
mod cursor;
mod endpoint;
mod error;
mod fingerprint;
mod gate;
mod inventory_changes;
mod inventory_counts;
mod locations;
mod merchants;
mod orders;
mod orders_search;
mod payments;
mod refunds;
mod reply;
mod time_range;
mod vendors;
mod watch;

use std::sync::Arc;

use axum::Router;
use axum::http::Method;
use axum::routing::{MethodFilter, on};

use super::simulation::Simulation;

pub(crate) use body::Fields;
pub(crate) use call::Call;
pub(crate) use cursor::Cursor;
pub(crate) use endpoint::Endpoint;
pub(crate) use error::ApiError;
pub(crate) use fingerprint::fingerprint;
pub(crate) use gate::bearer;
pub(crate) use reply::json_response;
pub(crate) use watch::watch;

/// Every endpoint that reads a merchant's records, with the scope it needs.
pub(crate) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/v2/merchants/{id}", "MERCHANT_PROFILE_READ", merchants::retrieve),
    Endpoint::get("/v2/locations", "MERCHANT_PROFILE_READ", locations::list),
    Endpoint::get("/v2/locations/{id}", "MERCHANT_PROFILE_READ", locations::retrieve),
    Endpoint::get("/v2/catalog/list", "ITEMS_READ", catalog::list),
    Endpoint::post("/v2/catalog/search", "ITEMS_READ", catalog_search::search),
    Endpoint::post("/v2/catalog/batch-retrieve", "ITEMS_READ", catalog::batch_retrieve),
    Endpoint::post("/v2/orders/search", "ORDERS_READ", orders_search::search),
    Endpoint::post("/v2/orders/batch-retrieve", "ORDERS_READ", orders::batch_retrieve),
    Endpoint::get("/v2/orders/{id}", "ORDERS_READ", orders::retrieve),
    Endpoint::get("/v2/payments", "PAYMENTS_READ", payments::list),
    Endpoint::get("/v2/payments/{id}", "PAYMENTS_READ", payments::retrieve),
    Endpoint::get("/v2/refunds", "PAYMENTS_READ", refunds::list),
    Endpoint::get("/v2/refunds/{id}", "PAYMENTS_READ", refunds::retrieve),
    Endpoint::post(
        "/v2/inventory/counts/batch-retrieve",
        "INVENTORY_READ",
        inventory_counts::batch_retrieve,
    ),
    Endpoint::post(
        "/v2/inventory/changes/batch-retrieve",
        "INVENTORY_READ",
        inventory_changes::batch_retrieve,
    ),
    Endpoint::post("/v2/vendors/search", "VENDOR_READ", vendors::search),
    Endpoint::post("/v2/vendors/bulk-retrieve", "VENDOR_READ", vendors::bulk_retrieve),
    Endpoint::get("/v2/vendors/{id}", "VENDOR_READ", vendors::retrieve),
];

/// Returns the endpoints of a merchant's records.
pub(crate) fn routes() -> Router<Arc<Simulation>> {
    ENDPOINTS.iter().fold(Router::new(), |router, endpoint| {
        let method =
            if endpoint.method == Method::GET { MethodFilter::GET } else { MethodFilter::POST };
        router.route(
            endpoint.path,
            on(method, move |state, request| gate::serve(endpoint, state, request)),
        )
    })
}
