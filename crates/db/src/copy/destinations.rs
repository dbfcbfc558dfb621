//! Where the rows of a batch are copied to: the staging table, and partitions in the making.
//!
//! A connection copies into one table at a time. Each destination gathers rows in a buffer of its
//! own, and the COPY is switched only when a full buffer belongs elsewhere: with a source sorted by
//! time that happens about once a week of data.

use std::pin::Pin;

use bytes::Bytes;
use futures::SinkExt;
use rustc_hash::FxHashMap;
use tokio_postgres::CopyInSink;
use uuid::Uuid;

use super::encode::{HEADER, RowEncoder, TRAILER};
use crate::error::doing;
use crate::{DbError, TenantTx};

/// The staging table's place among the destinations.
pub(super) const STAGING: usize = 0;

/// A table that rows are copied into.
pub(super) struct Destination {
    copy: String,
    pub(super) encoder: RowEncoder,
    /// The partition in the making, unless this is the staging table.
    pub(super) chunk: Option<NewChunk>,
}

/// A partition in the making.
pub(super) struct NewChunk {
    /// The first moment that it holds.
    pub(super) starts_at: jiff::Timestamp,
    /// The first moment that it no longer holds.
    pub(super) ends_at: jiff::Timestamp,
    /// The rows in it: their numbers in the batch, ascending, and their ids.
    pub(super) rows: Vec<(u32, Uuid)>,
}

/// All destinations of a batch.
pub(super) struct Destinations {
    list: Vec<Destination>,
    open: Option<(usize, Pin<Box<CopyInSink<Bytes>>>)>,
    /// Which destination a span of time goes to.
    routes: FxHashMap<i128, usize>,
}

impl Destinations {
    /// Starts with the staging table alone.
    pub(super) fn new(copy: &str, columns: i16) -> Self {
        let staging =
            Destination { copy: copy.to_owned(), encoder: RowEncoder::new(columns), chunk: None };
        Self { list: vec![staging], open: None, routes: FxHashMap::default() }
    }

    /// Returns where a span's rows go, if that was decided.
    pub(super) fn route(&self, span: i128) -> Option<usize> {
        self.routes.get(&span).copied()
    }

    /// Decides that a span's rows go through staging.
    pub(super) fn route_to_staging(&mut self, span: i128) {
        self.routes.insert(span, STAGING);
    }

    /// Adds a partition in the making and sends a span's rows there.
    pub(super) fn add(&mut self, span: i128, copy: String, columns: i16, chunk: NewChunk) {
        self.routes.insert(span, self.list.len());
        let encoder = RowEncoder::new(columns);
        self.list.push(Destination { copy, encoder, chunk: Some(chunk) });
    }

    /// Returns a destination to write a row to.
    pub(super) fn get(&mut self, place: usize) -> &mut Destination {
        &mut self.list[place]
    }

    /// Returns the partitions in the making.
    pub(super) fn chunks(&self) -> impl Iterator<Item = &NewChunk> {
        self.list.iter().filter_map(|destination| destination.chunk.as_ref())
    }

    /// Sends a destination's rows if they are worth sending.
    pub(super) async fn send_full(&mut self, tx: &TenantTx, place: usize) -> Result<(), DbError> {
        match self.list[place].encoder.take_full() {
            Some(bytes) => self.send(tx, place, bytes).await,
            None => Ok(()),
        }
    }

    /// Sends what is left of all rows.
    pub(super) async fn finish(&mut self, tx: &TenantTx) -> Result<(), DbError> {
        for place in 0..self.list.len() {
            if let Some(bytes) = self.list[place].encoder.take_rest() {
                self.send(tx, place, bytes).await?;
            }
        }
        self.close().await
    }

    /// Ends the COPY at hand, so that the connection can do something else.
    pub(super) async fn close(&mut self) -> Result<(), DbError> {
        let Some((_, mut copy)) = self.open.take() else { return Ok(()) };
        let action = doing("copy rows in");
        copy.send(Bytes::from_static(TRAILER)).await.map_err(&action)?;
        copy.as_mut().finish().await.map_err(&action)?;
        Ok(())
    }

    async fn send(&mut self, tx: &TenantTx, place: usize, bytes: Bytes) -> Result<(), DbError> {
        let action = doing("copy rows in");
        if self.open.as_ref().is_none_or(|(open, _)| *open != place) {
            self.close().await?;
            let copy = tx.copy_in(&self.list[place].copy).await.map_err(&action)?;
            let mut copy = Box::pin(copy);
            copy.send(Bytes::from_static(HEADER)).await.map_err(&action)?;
            self.open = Some((place, copy));
        }
        if let Some((_, copy)) = &mut self.open {
            copy.send(bytes).await.map_err(&action)?;
        }
        Ok(())
    }
}
