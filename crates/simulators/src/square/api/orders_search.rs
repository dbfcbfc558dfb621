//! `/v2/orders/search`: the orders of up to ten locations, by one of their times.

use super::endpoint::Answer;
use super::{ApiError, Call, Fields};
use crate::square::json::Json;
use crate::square::moment::Moment;
use crate::square::wire::order::order;
use crate::square::world::ids::Kind;
use crate::square::world::orders::{OrderRecord, OrderTime, State};

/// The most locations that can be searched at once.
const MOST_LOCATIONS: usize = 10;

/// How many orders a page has, unless the request says so.
const PAGE: usize = 500;

/// The most orders that a page can have.
const LARGEST_PAGE: usize = 1_000;

/// The most names of sources that can be filtered by.
const MOST_SOURCES: usize = 10;

/// The times that can be filtered and sorted by.
const TIMES: [(&str, &str, OrderTime); 3] = [
    ("created_at", "CREATED_AT", OrderTime::Created),
    ("updated_at", "UPDATED_AT", OrderTime::Updated),
    ("closed_at", "CLOSED_AT", OrderTime::Closed),
];

/// What is searched for.
struct Search<'c> {
    stores: Vec<u16>,
    states: Option<Vec<State>>,
    sources: Option<Vec<&'c str>>,
    by: OrderTime,
    is_ascending: bool,
    start: Moment,
    /// Where the window ends, if the request says so.
    end: Option<Moment>,
}

/// Answers with the orders that match, in order of the time they are sorted by.
pub(super) fn search(call: &Call<'_>) -> Answer {
    let fields = call.fields()?;
    let search = Search::read(call, &fields)?;
    let limit = fields.limit(PAGE, LARGEST_PAGE)?;
    let has_entries = fields.flag("return_entries")?;
    let cursor = call.cursor()?;
    // An open end is frozen with the first page: what changes later belongs to the next search.
    let end = cursor.map_or(search.end.unwrap_or(call.now), |cursor| cursor.frozen);
    let last = cursor.map(|cursor| (cursor.last.0, cursor.last.1 as u32));
    let found = search.find(call, end, last, limit + 1);
    let page = &found[..found.len().min(limit)];
    Ok(Json::document(|json| {
        if has_entries {
            json.list("order_entries", page, |json, (_, number)| entry(json, call, *number));
        } else {
            json.list("orders", page, |json, (_, number)| order(json, call.merchant, *number));
        }
        if let Some((moment, number)) = page.last().filter(|_| found.len() > limit) {
            call.write_cursor(json, end, (*moment, u64::from(*number)));
        }
    }))
}

impl<'c> Search<'c> {
    fn read(call: &Call<'c>, fields: &Fields<'c>) -> Result<Self, ApiError> {
        let ids = fields.texts_up_to("location_ids", MOST_LOCATIONS)?;
        if ids.is_empty() {
            return Err(ApiError::missing("location_ids"));
        }
        let stores = call.stores(&ids, "location_ids")?;
        let query = fields.object("query")?;
        let filter = query.object("filter")?;
        let states = states(&filter.object("state_filter")?)?;
        let source_filter = filter.object("source_filter")?;
        let sources = source_filter
            .has("source_names")
            .then(|| source_filter.texts_up_to("source_names", MOST_SOURCES))
            .transpose()?;
        for name in ["fulfillment_filter", "customer_filter"] {
            if filter.has(name) {
                let detail = format!("{name} is not simulated.");
                return Err(ApiError::not_implemented(&detail));
            }
        }
        let sort = query.object("sort")?;
        let by = sort_field(&sort)?;
        let is_ascending = match sort.text("sort_order")? {
            None | Some("DESC") => false,
            Some("ASC") => true,
            Some(_) => return Err(value("Must be ASC or DESC.", "query.sort.sort_order")),
        };
        let (start, end) = window(&filter.object("date_time_filter")?, by)?;
        let is_terminal =
            states.as_ref().is_some_and(|states| states.iter().all(|state| state.is_terminal()));
        if by == OrderTime::Closed && !is_terminal {
            let detail = "closed_at needs a state filter of COMPLETED, CANCELED or both.";
            return Err(value(detail, "query.filter.state_filter"));
        }
        Ok(Self { stores, states, sources, by, is_ascending, start, end })
    }

    fn find(
        &self,
        call: &Call<'_>,
        end: Moment,
        last: Option<(Moment, u32)>,
        most: usize,
    ) -> Vec<(Moment, u32)> {
        let orders = &call.merchant.orders;
        let window = match last {
            Some((moment, _)) if self.is_ascending => (moment, end),
            Some((moment, _)) => (self.start, moment),
            None => (self.start, end),
        };
        let mut found = Vec::with_capacity(most.min(1_024));
        orders.scan(self.by, window, self.is_ascending, |place| {
            let is_next =
                last.is_none_or(|last| if self.is_ascending { place > last } else { place < last });
            let order = orders.order(place.1);
            if is_next && call.finds(order) && self.matches(order) {
                found.push(place);
            }
            found.len() < most
        });
        found
    }

    fn matches(&self, order: &OrderRecord) -> bool {
        self.stores.contains(&order.store)
            && self.states.as_ref().is_none_or(|states| states.contains(&order.state))
            && self
                .sources
                .as_ref()
                .is_none_or(|sources| sources.contains(&order.channel.source_name()))
    }
}

fn states(filter: &Fields<'_>) -> Result<Option<Vec<State>>, ApiError> {
    let Some(names) = filter.texts("states")? else { return Ok(None) };
    let state = |name: &&str| {
        let invalid = || value("There is no such state.", "query.filter.state_filter.states");
        State::parse(name).ok_or_else(invalid)
    };
    names.iter().map(state).collect::<Result<_, _>>().map(Some)
}

fn sort_field(sort: &Fields<'_>) -> Result<OrderTime, ApiError> {
    let Some(name) = sort.text("sort_field")? else { return Ok(OrderTime::Created) };
    let known = TIMES.iter().find(|(_, field, _)| *field == name);
    known
        .map(|(_, _, time)| *time)
        .ok_or_else(|| value("There is no such field.", "query.sort.sort_field"))
}

/// Reads the window of one time; both ends are part of it.
fn window(filter: &Fields<'_>, by: OrderTime) -> Result<(Moment, Option<Moment>), ApiError> {
    let mut given = TIMES.iter().filter(|(name, _, _)| filter.has(name));
    let Some((name, _, time)) = given.next() else { return Ok((Moment::NEVER, None)) };
    let field = "query.filter.date_time_filter";
    if given.next().is_some() {
        let detail = "Only one of created_at, updated_at and closed_at can be filtered by.";
        return Err(ApiError::invalid("CONFLICTING_PARAMETERS", detail, Some(field)));
    }
    if *time != by {
        let detail = "The sort field must be the one that is filtered by.";
        return Err(value(detail, "query.sort.sort_field"));
    }
    let range = filter.object(name)?;
    let (start, end) = (range.moment("start_at")?, range.moment("end_at")?);
    if start.zip(end).is_some_and(|(start, end)| start > end) {
        let detail = "start_at must not be after end_at.";
        return Err(ApiError::invalid("INVALID_TIME_RANGE", detail, Some(field)));
    }
    Ok((start.unwrap_or(Moment::NEVER), end))
}

fn entry(json: &mut Json, call: &Call<'_>, number: u32) {
    let record = call.merchant.orders.order(number);
    let ids = call.merchant.ids;
    json.object(|json| {
        json.text("order_id", &ids.text(Kind::Order, u64::from(number)));
        json.whole("version", i64::from(record.version));
        json.text("location_id", &ids.text(Kind::Location, u64::from(record.store)));
    });
}

fn value(detail: &str, field: &str) -> ApiError {
    ApiError::invalid("INVALID_VALUE", detail, Some(field))
}
