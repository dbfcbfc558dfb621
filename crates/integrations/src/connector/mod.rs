//! What every connector can do, and the list of them.

mod connection;
mod error;
mod json_page;
mod page_source;
mod report;
mod request;
mod webhook;

use std::sync::Arc;

use futures::future::BoxFuture;
use jiff::civil::Date;
use serde_json::Value;
use shelfops_ingest::Stream;
use shelfops_ingest::records::Draft;
use shelfops_ingest::source::{Malformed, Source};

pub use connection::{Connection, ConnectionSettings, renewals_end};
pub use error::{ConnectorError, Disposition};
pub(crate) use json_page::{Excerpt, JsonPage};
pub(crate) use page_source::{PageReader, PageSource};
pub use report::{CheckReport, DayBasis, DayTotals, MissingScope, UnevenOrder};
pub use request::{OpenRequest, Reach, ReadingOptions, Span};
pub use webhook::{Delivery, Hint, WebhookError, WebhookEvent, Webhooks};

use crate::oauth::OAuthFlow;
use crate::square::Square;

/// Every connector that speaks to a vendor, in the order users choose from.
pub const CONNECTORS: &[&dyn Connector] = &[&Square];

/// Returns the connector of that name.
pub fn find(name: &str) -> Option<&'static dyn Connector> {
    CONNECTORS.iter().copied().find(|connector| connector.name() == name)
}

/// How a tenant lets us in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authorisation {
    /// The tenant agrees on the vendor's own page.
    OAuth,
    /// The tenant makes a key and gives it to us.
    Key,
}

/// Code that can read one vendor.
pub trait Connector: Send + Sync {
    /// Returns the name, as users type it and tables store it; also its directory's.
    fn name(&self) -> &'static str;

    /// Returns the vendor's name as the vendor writes it.
    fn title(&self) -> &'static str;

    /// Returns what it can read, references before the records that point at them.
    fn streams(&self) -> &'static [Stream];

    /// Returns how a tenant lets us in.
    fn authorisation(&self) -> Authorisation;

    /// Returns what a tenant must grant for a stream; nothing for a stream it cannot read.
    fn scopes(&self, stream: Stream) -> &'static [&'static str];

    /// Returns the vendor's OAuth, where it has one.
    fn oauth(&self) -> Option<&'static dyn OAuthFlow>;

    /// Returns how the vendor's webhooks are read, where it sends any.
    fn webhooks(&self) -> Option<&'static dyn Webhooks>;

    /// Opens a source of a stream, to be read on from the request's cursor. Nothing is asked of
    /// the vendor before the first block is.
    ///
    /// # Errors
    /// Fails for a stream it cannot read, and for a cursor that is not its own.
    fn open(
        &self,
        connection: Arc<Connection>,
        request: OpenRequest,
    ) -> Result<Box<dyn Source>, ConnectorError>;

    /// Reads a record again that was quarantined, from what [`shelfops_ingest::source::RawRecords`]
    /// told of it.
    ///
    /// # Errors
    /// Says why it is still no record.
    fn draft_from_raw(&self, stream: Stream, raw: &Value) -> Result<Draft, Malformed>;

    /// Asks the vendor who we are and what we may read.
    ///
    /// # Errors
    /// See [`ConnectorError`]; a missing scope is no error, it is reported.
    fn check(
        &self,
        connection: Arc<Connection>,
    ) -> BoxFuture<'_, Result<CheckReport, ConnectorError>>;

    /// Counts a day's sales at the vendor, store by store, without writing anything: what a
    /// reconciliation compares our tables with.
    ///
    /// # Errors
    /// See [`ConnectorError`].
    fn day_totals(
        &self,
        connection: Arc<Connection>,
        day: Date,
        basis: DayBasis,
    ) -> BoxFuture<'_, Result<Vec<DayTotals>, ConnectorError>>;
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    /// The directories of `src` that implement the trait.
    fn directories() -> BTreeSet<String> {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let entries = std::fs::read_dir(source).unwrap().map(|entry| entry.unwrap().path());
        entries
            .filter(|path| {
                let module = std::fs::read_to_string(path.join("mod.rs")).unwrap_or_default();
                module.contains(concat!("impl Conn", "ector for "))
            })
            .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
            .collect()
    }

    #[test]
    fn the_list_and_the_directories_agree() {
        let listed: BTreeSet<String> =
            CONNECTORS.iter().map(|connector| connector.name().to_owned()).collect();
        assert_eq!(listed, directories());
        assert_eq!(listed.len(), CONNECTORS.len(), "names are unique");
    }

    #[test]
    fn every_stream_says_what_must_be_granted() {
        for connector in CONNECTORS {
            assert!(find(connector.name()).is_some());
            assert!(!connector.streams().is_empty() && !connector.title().is_empty());
            for stream in Stream::ALL {
                let is_offered = connector.streams().contains(&stream);
                assert_eq!(!connector.scopes(stream).is_empty(), is_offered, "{stream}");
            }
        }
    }
}
