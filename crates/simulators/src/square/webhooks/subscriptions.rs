//! `/v2/webhooks`: where an application's webhooks go.

use super::desk::Subscription;
use super::developer::DeveloperCall;
use crate::dice::mix;
use crate::square::api::{ApiError, Fields};
use crate::square::json::Json;
use crate::square::simulation::Simulation;
use crate::square::world::events::EVENT_TYPES;

/// Where the subscription's id is in a path.
const ID: usize = 3;

/// Answers with the types of events there are.
pub(super) fn event_types(
    _simulation: &Simulation,
    _application: u8,
    _call: &DeveloperCall,
) -> Result<Vec<u8>, ApiError> {
    Ok(Json::document(|json| json.list("event_types", EVENT_TYPES, |json, name| json.item(name))))
}

/// Answers with the application's subscriptions.
pub(super) fn list(
    simulation: &Simulation,
    application: u8,
    _call: &DeveloperCall,
) -> Result<Vec<u8>, ApiError> {
    let desk = simulation.events();
    Ok(Json::document(|json| {
        json.list("subscriptions", desk.subscriptions(application), |json, (_, each)| {
            write(json, each, false);
        });
    }))
}

/// Adds a subscription and answers with it and its signature key.
pub(super) fn create(
    simulation: &Simulation,
    application: u8,
    call: &DeveloperCall,
) -> Result<Vec<u8>, ApiError> {
    let fields = Fields::of(&call.body)?;
    let wanted = fields.object("subscription")?;
    let url = wanted.text("notification_url")?;
    let url = url.ok_or_else(|| ApiError::missing("subscription.notification_url"))?;
    let types = wanted.texts("event_types")?.unwrap_or_default();
    if !types.iter().all(|name| EVENT_TYPES.contains(name)) {
        let field = "subscription.event_types";
        return Err(ApiError::invalid("INVALID_VALUE", "No such type of event.", Some(field)));
    }
    let to = (url.to_owned(), types.into_iter().map(str::to_owned).collect());
    let document = {
        let mut desk = simulation.events();
        let number = desk.subscribe(application, to, None, simulation.clock.now());
        let created = desk.subscription(number as u32);
        Json::document(|json| {
            if let Some(created) = created {
                json.field("subscription", |json| write(json, created, true));
            }
        })
    };
    simulation.observe();
    Ok(document)
}

/// Ends a subscription.
pub(super) fn delete(
    simulation: &Simulation,
    application: u8,
    call: &DeveloperCall,
) -> Result<Vec<u8>, ApiError> {
    {
        let mut desk = simulation.events();
        let found = desk.subscription_mut(application, call.part(ID));
        found.ok_or_else(unknown)?.is_deleted = true;
    }
    simulation.observe();
    Ok(Json::document(|_| {}))
}

/// Gives a subscription another signature key, from now on.
pub(super) fn rotate_key(
    simulation: &Simulation,
    application: u8,
    call: &DeveloperCall,
) -> Result<Vec<u8>, ApiError> {
    let mut desk = simulation.events();
    let found = desk.subscription_mut(application, call.part(ID)).ok_or_else(unknown)?;
    let number = found.key.bytes().fold(1, |state, byte| mix(state ^ u64::from(byte)));
    found.key = format!("{number:016x}");
    Ok(Json::document(|json| json.text("signature_key", &found.key)))
}

fn write(json: &mut Json, subscription: &Subscription, has_key: bool) {
    json.object(|json| {
        json.text("id", &subscription.id);
        json.flag("enabled", true);
        json.list("event_types", &subscription.event_types, |json, name| json.item(name));
        json.text("notification_url", &subscription.url);
        if has_key {
            json.text("signature_key", &subscription.key);
        }
        json.moment("created_at", subscription.created);
    });
}

fn unknown() -> ApiError {
    ApiError::not_found("There is no such subscription.")
}
