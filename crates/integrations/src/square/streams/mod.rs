//! Square's streams: how each is asked for, page by page, and where it goes on.

mod catalog;
mod catalog_names;
mod goods_told;
mod inventory;
mod locations;
mod orders;
mod progress;
mod raw;
mod refunds;
mod returns_seen;
mod tally;
mod transactions;
mod vendors;
mod windows;

use serde::de::DeserializeOwned;
use shelfops_ingest::Stream;

pub(super) use locations::{Place, locations};
pub(super) use orders::{OrderSearch, OrderTime};
pub(super) use raw::draft_from_raw;
pub(super) use refunds::{RefundSearch, RefundTime};
pub(super) use returns_seen::ReturnsSeen;

use super::client::Client;
use crate::connector::{Connector as _, ConnectorError, OpenRequest, PageSource};
use crate::square::Square;
use progress::ListProgress;

/// Opens a source of a stream.
///
/// # Errors
/// Fails for a stream that is not offered, a span that a stream cannot be read in, and a cursor of
/// somebody else's.
pub(super) fn open(client: Client, request: &OpenRequest) -> Result<PageSource, ConnectorError> {
    let stream = request.stream;
    let unsupported = |how| ConnectorError::Unsupported { connector: Square.name(), stream, how };
    if request.span.is_some() && stream != Stream::Transactions {
        return Err(unsupported(" in a span of time: it is read as it is now"));
    }
    Ok(match stream {
        Stream::Stores => {
            let ListProgress { page: _ } = read_cursor(request)?;
            PageSource::new(stream, locations::StoreReader::new(client))
        }
        Stream::Products => {
            let progress = read_cursor(request)?;
            PageSource::new(stream, catalog::ProductReader::new(client, progress))
        }
        Stream::Suppliers => {
            let progress = read_cursor(request)?;
            PageSource::new(stream, vendors::SupplierReader::new(client, progress))
        }
        Stream::Transactions => {
            let position = read_cursor(request)?;
            let reader = transactions::TransactionReader::new(client, position, request.span);
            PageSource::new(stream, reader)
        }
        Stream::Inventory => {
            let progress = read_cursor(request)?;
            PageSource::new(stream, inventory::InventoryReader::new(client, progress))
        }
        Stream::PurchaseOrders => {
            return Err(unsupported(": the vendor does not give them to anybody"));
        }
    })
}

/// Reads a cursor that a reader of this stream made; none, or the null one of a run without a
/// page, is the beginning.
fn read_cursor<T: DeserializeOwned + Default>(request: &OpenRequest) -> Result<T, ConnectorError> {
    let Some(state) = request.cursor.as_ref().map(|cursor| cursor.state()) else {
        return Ok(T::default());
    };
    if state.is_null() {
        return Ok(T::default());
    }
    T::deserialize(state).map_err(|error| ConnectorError::Cursor {
        connector: Square.name(),
        stream: request.stream,
        reason: error.to_string(),
    })
}
