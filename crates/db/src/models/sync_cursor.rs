//! Where reading resumes; written only in the transaction of the batch behind it.

use jiff::Timestamp;
use shelfops_ingest::cursor::Cursor;
use shelfops_ingest::{SourceName, Stream};
use uuid::Uuid;

use super::timestamp;
use crate::error::doing;
use crate::{DbError, TenantTx};

/// A cursor as it was stored.
#[derive(Clone, Debug)]
pub struct StoredCursor {
    /// Where to resume.
    pub cursor: Cursor,
    /// Whether the source was read to its end.
    pub is_complete: bool,
    /// When it moved last.
    pub advanced_at: Option<Timestamp>,
}

impl TenantTx {
    /// Reads the cursor of a stream of an origin, if it was ever read.
    ///
    /// # Errors
    /// Fails when the server does.
    pub async fn cursor(
        &self,
        source: &SourceName,
        stream: Stream,
        origin: &str,
    ) -> Result<Option<StoredCursor>, DbError> {
        let row = self
            .query_opt(
                "select cursor, is_complete, advanced_at
                 from sync_cursors
                 where customer_id = $1 and source = $2 and stream = $3 and origin = $4",
                &[&self.customer_id().as_uuid(), &source.as_str(), &stream.name(), &origin],
            )
            .await
            .map_err(doing("read the cursor"))?;
        Ok(row.map(|row| StoredCursor {
            cursor: Cursor::new(row.get(0)),
            is_complete: row.get(1),
            advanced_at: timestamp(row.get(2)),
        }))
    }

    /// Moves the cursor, in the transaction of what was read before it.
    pub(crate) async fn advance_cursor(
        &self,
        place: &CursorPlace<'_>,
        cursor: &Cursor,
        is_complete: bool,
    ) -> Result<(), DbError> {
        self.execute(
            "insert into sync_cursors
                 (customer_id, source, stream, origin, cursor, is_complete, sync_run_id)
             values ($1, $2, $3, $4, $5, $6, $7)
             on conflict (customer_id, source, stream, origin) do update set
                 -- A run that had nothing to read does not know where it stands.
                 cursor = case excluded.cursor
                     when 'null' then sync_cursors.cursor else excluded.cursor end,
                 is_complete = excluded.is_complete,
                 sync_run_id = excluded.sync_run_id,
                 advanced_at = now()",
            &[
                &self.customer_id().as_uuid(),
                &place.source.as_str(),
                &place.stream.name(),
                &place.origin,
                cursor.state(),
                &is_complete,
                &place.sync_run_id,
            ],
        )
        .await
        .map_err(doing("advance the cursor"))?;
        Ok(())
    }
}

/// Which cursor, and who moves it.
pub(crate) struct CursorPlace<'a> {
    pub(crate) source: &'a SourceName,
    pub(crate) stream: Stream,
    pub(crate) origin: &'a str,
    pub(crate) sync_run_id: Uuid,
}
