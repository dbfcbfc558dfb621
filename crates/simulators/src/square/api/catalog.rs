//! `/v2/catalog/list` and `/v2/catalog/batch-retrieve`.

use super::endpoint::Answer;
use super::{ApiError, Call};
use crate::square::json::Json;
use crate::square::moment::Moment;
use crate::square::wire::catalog::{CatalogObject, TYPES};
use crate::square::world::ids::Kind;
use crate::square::world::merchant::Merchant;

/// How many objects a page of the list has.
const PAGE: usize = 100;

/// The most ids that can be asked for at once.
const MOST_IDS: usize = 1_000;

/// Answers with what is not deleted, a hundred at a time.
pub(super) fn list(call: &Call<'_>) -> Answer {
    let names: Option<Vec<&str>> =
        call.parameter("types").map(|types| types.split(',').map(str::trim).collect());
    let kinds = kinds(names.as_deref(), "types")?;
    let after = call.cursor()?.map(|cursor| cursor.last.1);
    let objects = CatalogObject::all(call.merchant)
        .filter(|object| kinds.contains(&object.kind))
        .filter(|object| after.is_none_or(|after| place(*object) > after))
        .filter(|object| !object.meta(call.merchant).is_deleted);
    let page: Vec<CatalogObject> = objects.take(PAGE + 1).collect();
    Ok(Json::document(|json| {
        write_page(json, call, (&page, PAGE), Moment::NEVER);
    }))
}

/// Answers with objects by id; unknown ones are missing from the answer.
pub(super) fn batch_retrieve(call: &Call<'_>) -> Answer {
    let fields = call.fields()?;
    if !fields.has("object_ids") {
        return Err(ApiError::missing("object_ids"));
    }
    let ids = fields.texts_up_to("object_ids", MOST_IDS)?;
    let has_deleted = fields.flag("include_deleted_objects")?;
    let has_related = fields.flag("include_related_objects")?;
    let objects: Vec<CatalogObject> = ids
        .iter()
        .filter_map(|id| CatalogObject::find(call.merchant, id))
        .filter(|object| has_deleted || !object.meta(call.merchant).is_deleted)
        .collect();
    Ok(Json::document(|json| {
        json.list("objects", &objects, |json, object| object.write(json, call.merchant));
        if has_related {
            write_related(json, call.merchant, &objects);
        }
    }))
}

/// Reads names of types; none at all means those that stand for themselves.
pub(super) fn kinds(names: Option<&[&str]>, field: &str) -> Result<Vec<Kind>, ApiError> {
    let Some(names) = names.filter(|names| !names.is_empty()) else {
        let all = TYPES.iter().map(|(kind, _)| *kind);
        return Ok(all.filter(|kind| *kind != Kind::Variation).collect());
    };
    let kind = |name: &&str| {
        let known = TYPES.iter().find(|(_, known)| known.eq_ignore_ascii_case(name));
        known.map(|(kind, _)| *kind).ok_or_else(|| {
            ApiError::invalid("INVALID_VALUE", "There is no such type of object.", Some(field))
        })
    };
    names.iter().map(kind).collect()
}

/// Returns an object's place in every listing.
pub(super) const fn place(object: CatalogObject) -> u64 {
    (object.kind as u64) << 32 | object.number as u64
}

/// Writes a page out of one object more than it has, and where the next one starts.
pub(super) fn write_page(
    json: &mut Json,
    call: &Call<'_>,
    (objects, limit): (&[CatalogObject], usize),
    frozen: Moment,
) {
    let page = &objects[..objects.len().min(limit)];
    if let Some(last) = page.last().filter(|_| objects.len() > limit) {
        call.write_cursor(json, frozen, (Moment::NEVER, place(*last)));
    }
    json.list("objects", page, |json, object| object.write(json, call.merchant));
}

/// Writes what objects name, each once.
pub(super) fn write_related(json: &mut Json, merchant: &Merchant, objects: &[CatalogObject]) {
    let mut related: Vec<CatalogObject> =
        objects.iter().flat_map(|object| object.related(merchant)).collect();
    related.sort_by_key(|object| place(*object));
    related.dedup();
    json.list("related_objects", &related, |json, object| object.write(json, merchant));
}
