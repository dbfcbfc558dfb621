//! Reads the body of an answer, up to a limit.

use reqwest::Response;

/// Why a body could not be read.
pub(super) enum BodyError {
    /// It goes on beyond the limit.
    TooLarge,
    /// The connection did not bring all of it.
    Broken(reqwest::Error),
}

/// Reads a body of at most `most` bytes; what lies beyond is never held in memory.
pub(super) async fn read(mut response: Response, most: usize) -> Result<Vec<u8>, BodyError> {
    let announced = response.content_length().and_then(|length| usize::try_from(length).ok());
    if announced.is_some_and(|length| length > most) {
        return Err(BodyError::TooLarge);
    }
    let mut body = Vec::with_capacity(announced.unwrap_or_default());
    while let Some(piece) = response.chunk().await.map_err(BodyError::Broken)? {
        if body.len() + piece.len() > most {
            return Err(BodyError::TooLarge);
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}
