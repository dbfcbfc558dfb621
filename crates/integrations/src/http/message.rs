//! What is asked, what is answered, and what the one who asked makes of it.

use std::time::Duration;

use http::{HeaderMap, Method};
use jiff::Timestamp;

/// The longest pause that is believed: servers in between have told seconds since 1970 instead of seconds, and
/// nothing would be read for decades.
const LONGEST_PAUSE: Duration = Duration::from_secs(24 * 60 * 60);

/// One call; it may be sent several times, so it must be safe to repeat.
#[derive(Clone)]
pub struct HttpRequest {
    /// How.
    pub method: Method,
    /// Where.
    pub url: String,
    /// With which headers; those that carry secrets are marked as sensitive.
    pub headers: HeaderMap,
    /// With which body.
    pub body: Option<Vec<u8>>,
}

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub struct HttpAnswer {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

/// What the one who asked makes of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// It is the answer, good or bad: asking again would change nothing.
    Final,
    /// The vendor is asked too much.
    Throttled,
    /// The vendor fails, in these words; they must not quote the answer.
    Failing(String),
}

impl HttpAnswer {
    /// Returns a header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Returns the vendor's own time of the answer.
    pub fn date(&self) -> Option<Timestamp> {
        parse_date(self.header("date")?)
    }

    /// Returns how long the vendor asks to wait; nothing where that is longer than a day, which is a mistake.
    pub fn retry_after(&self, now: Timestamp) -> Option<Duration> {
        let told = self.header("retry-after")?.trim();
        let pause = match told.parse::<u64>() {
            Ok(seconds) => Duration::from_secs(seconds),
            Err(_) => Duration::try_from(parse_date(told)?.duration_since(now)).ok()?,
        };
        (pause <= LONGEST_PAUSE).then_some(pause)
    }
}

fn parse_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text.trim()).ok()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn answer(name: &'static str, value: &'static str) -> HttpAnswer {
        let headers = HeaderMap::from_iter([(
            http::HeaderName::from_static(name),
            HeaderValue::from_static(value),
        )]);
        HttpAnswer { status: 429, headers, body: Vec::new() }
    }

    #[test]
    fn reads_both_forms_of_retry_after() {
        let now: Timestamp = "2026-11-20T17:00:00Z".parse().unwrap();
        let wait = |value| answer("retry-after", value).retry_after(now);
        assert_eq!(wait("7"), Some(Duration::from_secs(7)));
        assert_eq!(wait("Fri, 20 Nov 2026 17:00:30 GMT"), Some(Duration::from_secs(30)));
        assert_eq!(wait("Fri, 20 Nov 2026 16:00:00 GMT"), None);
        assert_eq!(wait("soon"), None);
    }

    #[test]
    fn a_pause_of_more_than_a_day_is_not_believed() {
        let now: Timestamp = "2026-11-20T17:00:00Z".parse().unwrap();
        let wait = |value| answer("retry-after", value).retry_after(now);
        assert_eq!(wait("86400"), Some(Duration::from_secs(86_400)));
        // Seconds since 1970, in seconds and in milliseconds.
        for told in ["1795194000", "1795194000000", "Fri, 20 Nov 2076 17:00:00 GMT"] {
            assert_eq!(wait(told), None, "{told}");
        }
    }

    #[test]
    fn reads_the_vendors_clock() {
        let date = answer("date", "Fri, 20 Nov 2026 17:00:30 GMT").date();
        assert_eq!(date, Some("2026-11-20T17:00:30Z".parse().unwrap()));
    }
}
