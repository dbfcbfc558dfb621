//! What a tenant has: how many stores, products and suppliers.

use serde::Serialize;

use crate::error::doing;
use crate::{DbError, TenantTx};

/// How many of each a tenant has.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ReferenceCounts {
    /// Stores.
    pub stores: i64,
    /// Products.
    pub products: i64,
    /// Suppliers.
    pub suppliers: i64,
    /// Lines of sales and returns, from the rollup.
    pub transactions: i64,
    /// Records that wait in quarantine.
    pub quarantined: i64,
}

/// Counts what the tenant has.
///
/// # Errors
/// Fails when the server does.
pub async fn reference_counts(tx: &TenantTx) -> Result<ReferenceCounts, DbError> {
    let row = tx
        .query_one(
            "select
                 (select count(*) from stores where customer_id = $1),
                 (select count(*) from products where customer_id = $1),
                 (select count(*) from suppliers where customer_id = $1),
                 (select coalesce(sum(line_count), 0)::bigint from daily_sales
                  where customer_id = $1),
                 (select count(*) from quarantined_records
                  where customer_id = $1 and status = 'waiting')",
            &[&tx.customer_id().as_uuid()],
        )
        .await
        .map_err(doing("count what the tenant has"))?;
    Ok(ReferenceCounts {
        stores: row.get(0),
        products: row.get(1),
        suppliers: row.get(2),
        transactions: row.get(3),
        quarantined: row.get(4),
    })
}
