//! The id that a request has in its answer, in the log and in problems.

use http::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

/// The header that carries it, both ways.
pub(super) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Longer ones are not ids.
const LONGEST: usize = 128;

/// The id of a request.
#[derive(Clone, Debug)]
pub(super) struct RequestId(String);

impl RequestId {
    /// Takes the client's id, so that its log and ours meet; makes one where that would be unsafe to
    /// write down, or there is none.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let told = headers.get(HEADER).and_then(|value| value.to_str().ok());
        match told.filter(|id| is_sane(id)) {
            Some(id) => Self(id.to_owned()),
            None => Self(Uuid::now_v7().to_string()),
        }
    }

    /// Returns it as text.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns it as a header.
    pub(super) fn header(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&self.0).ok()
    }
}

fn is_sane(id: &str) -> bool {
    (1..=LONGEST).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:/+=".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(told: &str) -> RequestId {
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, HeaderValue::from_str(told).unwrap());
        RequestId::of(&headers)
    }

    #[test]
    fn a_sane_id_is_kept_and_any_other_replaced() {
        for id in ["a", "0197-ab_c.d:e/f+g=", &"x".repeat(128)] {
            assert_eq!(of(id).as_str(), id);
        }
        for id in ["", " ", "a b", "a\"b", "{a}", &"x".repeat(129)] {
            let made = of(id);
            assert_ne!(made.as_str(), id);
            made.as_str().parse::<Uuid>().unwrap();
        }
        assert_ne!(RequestId::of(&HeaderMap::new()).as_str(), of("").as_str());
    }
}
