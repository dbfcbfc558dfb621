//! Stores and their clocks.

use jiff::tz::TimeZone;
use shelfops_ingest::SourceName;
use shelfops_ingest::values::Text;

use super::time_zone;
use crate::error::doing;
use crate::{DbError, TenantTx};

impl TenantTx {
    /// Returns the clock of each store of a source, by the source's id of the store.
    ///
    /// # Errors
    /// Fails when the server does, or when this machine does not know a store's clock.
    pub async fn store_zones(&self, source: &SourceName) -> Result<Vec<(Text, TimeZone)>, DbError> {
        let rows = self
            .query(
                "select external.external_id, store.time_zone
                 from external_ids as external
                 join stores as store
                     on store.customer_id = external.customer_id
                     and store.store_id = external.store_id
                 where external.customer_id = $1
                     and external.source = $2
                     and external.entity = 'store'",
                &[&self.customer_id().as_uuid(), &source.as_str()],
            )
            .await
            .map_err(doing("read the stores' clocks"))?;
        rows.iter()
            .map(|row| Ok((Text::new(row.get::<_, &str>(0)), time_zone(row.get(1))?)))
            .collect()
    }
}
