//! Locations: one list without pages, read anew each time, closed stores included.

use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use shelfops_ingest::Stream;
use shelfops_ingest::source::SourceBlock;

use super::tally::Tally;
use crate::connector::{Connector as _, ConnectorError, JsonPage, PageReader};
use crate::square::Square;
use crate::square::client::{Call, Client, Reply};
use crate::square::map::{self, StorePart};
use crate::square::wire::{Envelope, Location};

/// What is wrong with a location that cannot be asked for.
const NO_ID: &str = "a location has no id that can be read";

/// What reading the other streams needs to know of a location.
#[derive(Clone, Debug)]
pub(in crate::square) struct Place {
    pub(in crate::square) id: String,
    pub(in crate::square) time_zone: Option<String>,
    pub(in crate::square) currency: Option<String>,
    pub(in crate::square) created_at: Option<Timestamp>,
}

impl Place {
    /// Reads a location, whatever else of it is not what is documented: its orders are.
    fn read(json: &str) -> Option<Self> {
        let members: Map<String, Value> = serde_json::from_str(json).ok()?;
        let text = |name| members.get(name).and_then(Value::as_str);
        Some(Self {
            id: text("id").filter(|id| !id.is_empty())?.to_owned(),
            time_zone: text("timezone").map(str::to_owned),
            currency: text("currency").map(str::to_owned),
            created_at: map::instant(text("created_at")),
        })
    }
}

/// Every location, in the order of their ids.
pub(in crate::square) struct LocationList {
    pub(in crate::square) stores: Vec<Place>,
    /// The vendor's time.
    pub(in crate::square) now: Timestamp,
}

/// Lists the locations. One whose id is not told would be left out of every reading, without a word.
///
/// # Errors
/// See [`ConnectorError`].
pub(in crate::square) async fn locations(
    client: &Client,
    call: &Call,
) -> Result<LocationList, ConnectorError> {
    let reply = client.get(call, "/v2/locations").await?;
    let envelope = Envelope::parse(&reply.body).map_err(|reason| call.shape(reason))?;
    let list = envelope.list("locations").map_err(|reason| call.shape(reason))?;
    let mut stores: Vec<Place> = list
        .into_iter()
        .map(|json| Place::read(json.get()).ok_or_else(|| call.shape(NO_ID.to_owned())))
        .collect::<Result<_, _>>()?;
    stores.sort_by(|one, other| one.id.cmp(&other.id));
    Ok(LocationList { stores, now: client.now(&reply) })
}

/// Reads locations as stores.
pub(super) struct StoreReader {
    client: Client,
    tally: Tally,
    is_done: bool,
}

impl StoreReader {
    pub(super) fn new(client: Client) -> Self {
        Self { client, tally: Tally::default(), is_done: false }
    }

    async fn next(&mut self) -> Result<Option<SourceBlock>, ConnectorError> {
        if self.is_done {
            return Ok(None);
        }
        let call = Call::new("the list of stores", Square.scopes(Stream::Stores));
        let Reply { body, .. } = self.client.get(&call, "/v2/locations").await?;
        let envelope = Envelope::parse(&body).map_err(|reason| call.shape(reason))?;
        let mut page = JsonPage::new();
        for json in envelope.list("locations").map_err(|reason| call.shape(reason))? {
            page.begin_object(json.get());
            page.push(
                StorePart,
                map::parse::<Location>(json.get()).map(|location| map::store_of(&location)),
            );
        }
        self.is_done = true;
        Ok(Some(self.tally.block(page, body.len(), &json!({}))))
    }
}

impl PageReader for StoreReader {
    fn next_page(&mut self) -> BoxFuture<'_, Result<Option<SourceBlock>, ConnectorError>> {
        self.next().boxed()
    }
}
