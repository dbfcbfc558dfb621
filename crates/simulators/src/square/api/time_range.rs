//! Ranges of time in a query: both ends included, with the vendor's defaults.

use super::{ApiError, Call};
use crate::square::moment::{DAY, Moment};

/// How far back a listing goes that names no beginning.
const YEAR: i64 = 365 * DAY;

/// Reads a range; what is missing is taken from `default`.
pub(super) fn read(
    call: &Call<'_>,
    (begin_name, end_name): (&str, &str),
    default: (Moment, Moment),
) -> Result<(Moment, Moment), ApiError> {
    let begin = call.moment_parameter(begin_name)?.unwrap_or(default.0);
    let end = call.moment_parameter(end_name)?.unwrap_or(default.1);
    if begin > end {
        let detail = format!("{begin_name} must not be after {end_name}.");
        return Err(ApiError::invalid("INVALID_TIME_RANGE", &detail, Some(begin_name)));
    }
    Ok((begin, end))
}

/// Returns the range of the last year up to an instant.
pub(super) const fn last_year(now: Moment) -> (Moment, Moment) {
    (now.plus(-YEAR), now)
}

/// Returns how many records a page has: up to a hundred, and a hundred for what is out of range.
pub(super) fn limit(call: &Call<'_>) -> Result<usize, ApiError> {
    let Some(text) = call.parameter("limit") else { return Ok(100) };
    let limit: i64 = text.parse().map_err(|_| {
        ApiError::invalid("EXPECTED_INTEGER", "Expected an integer.", Some("limit"))
    })?;
    Ok(if (1..=100).contains(&limit) { limit as usize } else { 100 })
}
