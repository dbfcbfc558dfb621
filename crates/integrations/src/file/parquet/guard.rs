//! Keeps damaged files from taking the process down: the decoder panics on some of them.

use std::panic::{AssertUnwindSafe, catch_unwind};

use parquet::errors::ParquetError;

/// Runs `work` and turns a panic within it into an error.
///
/// What `work` changed must not be used any more afterwards; sources end with their first error.
///
/// # Errors
/// Fails when `work` fails or panics.
pub(super) fn guarded<R>(
    work: impl FnOnce() -> Result<R, ParquetError>,
) -> Result<R, ParquetError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let said = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("no reason given");
        Err(ParquetError::General(format!("the decoder gave up: {said}")))
    })
}
