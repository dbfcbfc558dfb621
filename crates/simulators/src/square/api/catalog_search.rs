//! `/v2/catalog/search`: what changed since a time.

use super::catalog::{kinds, place, write_page, write_related};
use super::endpoint::Answer;
use super::{ApiError, Call};
use crate::square::json::Json;
use crate::square::wire::catalog::CatalogObject;

/// How many objects a page has, unless the request says so.
const PAGE: usize = 100;

/// The most objects that a page can have; larger limits are ignored.
const LARGEST_PAGE: i64 = 1_000;

/// Answers with objects that changed **after** `begin_time`, deleted ones if asked for.
pub(super) fn search(call: &Call<'_>) -> Answer {
    let fields = call.fields()?;
    if fields.has("query") {
        let detail = "Catalog queries are not simulated: search by begin_time and object_types.";
        return Err(ApiError::not_implemented(detail));
    }
    let kinds = kinds(fields.texts("object_types")?.as_deref(), "object_types")?;
    let begin = fields.moment("begin_time")?;
    let has_deleted = fields.flag("include_deleted_objects")?;
    let has_related = fields.flag("include_related_objects")?;
    let limit = fields.whole("limit")?.filter(|limit| (1..=LARGEST_PAGE).contains(limit));
    let limit = limit.map_or(PAGE, |limit| limit as usize);
    let cursor = call.cursor()?;
    let after = cursor.map(|cursor| cursor.last.1);
    let latest = cursor.map_or(call.merchant.catalog.latest, |cursor| cursor.frozen);
    let page: Vec<CatalogObject> = CatalogObject::all(call.merchant)
        .filter(|object| kinds.contains(&object.kind))
        .filter(|object| after.is_none_or(|after| place(*object) > after))
        .filter(|object| {
            let meta = object.meta(call.merchant);
            (has_deleted || !meta.is_deleted) && begin.is_none_or(|begin| meta.updated > begin)
        })
        .take(limit + 1)
        .collect();
    Ok(Json::document(|json| {
        write_page(json, call, (&page, limit), latest);
        if has_related {
            write_related(json, call.merchant, &page[..page.len().min(limit)]);
        }
        json.moment("latest_time", latest);
    }))
}
