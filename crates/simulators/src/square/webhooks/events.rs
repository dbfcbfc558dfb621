//! `/v2/events`: what happened within 28 days, for those who missed webhooks.

use super::desk::LoggedEvent;
use super::developer::DeveloperCall;
use super::envelope::{envelope, location};
use crate::square::api::{ApiError, Cursor, Fields, fingerprint};
use crate::square::json::Json;
use crate::square::moment::{Moment, SECOND};
use crate::square::simulation::Simulation;
use crate::square::world::World;
use crate::square::world::ids::Kind;

/// The most events that a page has.
const LARGEST_PAGE: usize = 100;

/// Which events are searched for.
struct Search<'s> {
    event_types: Option<Vec<&'s str>>,
    merchant_ids: Option<Vec<&'s str>>,
    location_ids: Option<Vec<&'s str>>,
    start: Moment,
    end: Moment,
    is_ascending: bool,
}

/// Answers with events, the newest first by default.
pub(super) fn search(
    simulation: &Simulation,
    application: u8,
    call: &DeveloperCall,
) -> Result<Vec<u8>, ApiError> {
    let now = simulation.clock.now();
    let fields = Fields::of(&call.body)?;
    let limit = fields.limit(LARGEST_PAGE, LARGEST_PAGE)?;
    let request = fingerprint(&call.path, &[], &call.body);
    let cursor = cursor(simulation, &fields, (request, now))?;
    let frozen = cursor.map_or(now, |cursor| cursor.frozen);
    let search = Search::read(&fields, frozen)?;
    let world = simulation.world();
    let desk = simulation.events();
    if !desk.is_searchable(application) {
        let detail = "Events are not enabled: PUT /v2/events/enable first.";
        return Err(ApiError::invalid("BAD_REQUEST", detail, None));
    }
    let events: Box<dyn Iterator<Item = (u64, &LoggedEvent)>> = if search.is_ascending {
        Box::new(desk.events(application))
    } else {
        Box::new(desk.events(application).rev())
    };
    let is_next = |number: u64| {
        cursor.is_none_or(|cursor| {
            if search.is_ascending { number > cursor.last.1 } else { number < cursor.last.1 }
        })
    };
    let found: Vec<(u64, &LoggedEvent)> = events
        .filter(|(number, logged)| is_next(*number) && search.matches(&world, logged))
        .take(limit + 1)
        .collect();
    let page = &found[..found.len().min(limit)];
    Ok(Json::document(|json| {
        json.list("events", page, |json, (number, logged)| {
            let merchant = &world.merchants[usize::from(logged.event.merchant)];
            envelope(json, merchant, &logged.event, &desk.event_id(*number));
        });
        json.list("metadata", page, |json, (number, _)| {
            json.object(|json| json.text("event_id", &desk.event_id(*number)));
        });
        if let Some((number, _)) = page.last().filter(|_| found.len() > limit) {
            let last = (Moment::NEVER, *number);
            let cursor = Cursor { issued: now, request, frozen, last };
            json.text("cursor", &cursor.encode(simulation.config.seed));
        }
    }))
}

/// Makes the application's events searchable from now on.
pub(super) fn enable(
    simulation: &Simulation,
    application: u8,
    _call: &DeveloperCall,
) -> Result<Vec<u8>, ApiError> {
    simulation.events().set_searchable(application, true);
    simulation.observe();
    Ok(Json::document(|_| {}))
}

/// Makes the application's events unsearchable again.
pub(super) fn disable(
    simulation: &Simulation,
    application: u8,
    _call: &DeveloperCall,
) -> Result<Vec<u8>, ApiError> {
    simulation.events().set_searchable(application, false);
    simulation.observe();
    Ok(Json::document(|_| {}))
}

fn cursor(
    simulation: &Simulation,
    fields: &Fields<'_>,
    (request, now): (u64, Moment),
) -> Result<Option<Cursor>, ApiError> {
    let Some(text) = fields.text("cursor")? else { return Ok(None) };
    let lifetime = SECOND * i64::from(simulation.config.cursor_seconds);
    Cursor::decode(text, simulation.config.seed)
        .filter(|cursor| cursor.request == request && now <= cursor.issued.plus(lifetime))
        .map(Some)
        .ok_or_else(ApiError::invalid_cursor)
}

impl<'s> Search<'s> {
    fn read(fields: &Fields<'s>, now: Moment) -> Result<Self, ApiError> {
        let query = fields.object("query")?;
        let filter = query.object("filter")?;
        let created = filter.object("created_at")?;
        let sort = query.object("sort")?;
        Ok(Self {
            event_types: filter.texts("event_types")?,
            merchant_ids: filter.texts("merchant_ids")?,
            location_ids: filter.texts("location_ids")?,
            start: created.moment("start_at")?.unwrap_or(Moment::NEVER),
            end: created.moment("end_at")?.unwrap_or(now),
            is_ascending: sort.text("order")? == Some("ASC"),
        })
    }

    fn matches(&self, world: &World, logged: &LoggedEvent) -> bool {
        let event = &logged.event;
        let merchant = &world.merchants[usize::from(event.merchant)];
        let has = |list: &Option<Vec<&str>>, value: &str| {
            list.as_ref().is_none_or(|list| list.is_empty() || list.contains(&value))
        };
        let is_there = self.location_ids.as_ref().is_none_or(|_| {
            let store = location(merchant, &event.happening);
            store.is_some_and(|store| {
                has(&self.location_ids, &merchant.ids.text(Kind::Location, u64::from(store)))
            })
        });
        (self.start..=self.end).contains(&event.at)
            && has(&self.event_types, event.happening.type_name())
            && has(&self.merchant_ids, &merchant.config.id)
            && is_there
    }
}
