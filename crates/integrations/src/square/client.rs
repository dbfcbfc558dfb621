//! Calls the API: with a fresh token, in one version, and judging answers by what is in them.

use std::sync::Arc;

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret as _;
use serde::Serialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::page_size::PageSize;
use super::wire::{ApiError, Errors};
use super::{API_VERSION, PRODUCTION, TITLE};
use crate::connector::{Connection, ConnectorError, Reach};
use crate::http::{HttpAnswer, HttpError, HttpRequest, Judgement};
use crate::oauth::{App, TokenPair};

/// The header that asks for a version, and that tells which one answered.
pub(super) const VERSION_HEADER: HeaderName = HeaderName::from_static("square-version");

/// Calls the API for one integration.
#[derive(Clone)]
pub(super) struct Client {
    connection: Arc<Connection>,
    reach: Reach,
    page_size: PageSize,
}

/// How so many records are asked for.
pub(super) enum Asked {
    /// By a body that is posted there.
    Post(&'static str, Value),
    /// By a path and query.
    Get(String),
}

/// What a call is for.
#[derive(Clone, Debug)]
pub(super) struct Call {
    /// What is to be read, as errors name it.
    pub(super) what: String,
    /// What must be granted for it.
    pub(super) scopes: &'static [&'static str],
}

/// An answer that is no refusal.
pub(super) struct Reply {
    /// The JSON.
    pub(super) body: String,
    /// The vendor's own time.
    pub(super) date: Option<Timestamp>,
}

impl Call {
    pub(super) fn new(what: impl Into<String>, scopes: &'static [&'static str]) -> Self {
        Self { what: what.into(), scopes }
    }

    /// Says that an answer is not what is documented.
    pub(super) fn shape(&self, reason: String) -> ConnectorError {
        let what = self.what.clone();
        ConnectorError::Shape { vendor: TITLE, what, version: API_VERSION, reason }
    }
}

impl Client {
    pub(super) fn new(connection: Arc<Connection>) -> Self {
        Self { connection, reach: Reach::Whole, page_size: PageSize::default() }
    }

    /// Reads again no further back than that.
    pub(super) fn reaching(self, reach: Reach) -> Self {
        Self { reach, ..self }
    }

    /// Returns how much of what was read is read again.
    pub(super) fn overlap(&self) -> SignedDuration {
        self.connection.reading().overlap_for(self.reach)
    }

    /// Returns how much is read again once a day, if at all.
    pub(super) fn daily_overlap(&self) -> Option<SignedDuration> {
        self.connection.reading().deep_overlap_for(self.reach)
    }

    /// Returns how much is asked for at once.
    pub(super) const fn page_size(&self) -> &PageSize {
        &self.page_size
    }

    /// Asks for a page of so many records at most, and for fewer as long as they are more than an answer may
    /// hold; answers also how many were asked for. To the vendor a list of smaller pages is another list, so
    /// one that was begun may have to begin again.
    ///
    /// # Errors
    /// Fails when one record alone is more than an answer may hold, and as every call does.
    pub(super) async fn page(
        &self,
        call: &Call,
        most: u16,
        ask: impl Fn(u16) -> Asked + Send + Sync,
    ) -> Result<(Reply, u16), ConnectorError> {
        loop {
            let asked = self.page_size.of(most);
            let reply = match ask(asked) {
                Asked::Post(path, body) => self.post(call, path, &body).await,
                Asked::Get(path) => self.get(call, &path).await,
            };
            let limit = match reply {
                Err(ConnectorError::Fetch {
                    source: HttpError::TooLarge { limit, .. }, ..
                }) => limit,
                reply => return reply.map(|reply| (reply, asked)),
            };
            let what = call.what.clone();
            let Some(half) = self.page_size.halve(asked) else {
                return Err(ConnectorError::RecordTooLarge { vendor: TITLE, what, limit });
            };
            tracing::warn!(what, asked, half, limit, "an answer was too large; asking for less");
        }
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Returns the vendor's time where an answer told it, else ours.
    pub(super) fn now(&self, reply: &Reply) -> Timestamp {
        reply.date.unwrap_or_else(|| self.connection.http().surroundings().now())
    }

    pub(super) async fn get(&self, call: &Call, path: &str) -> Result<Reply, ConnectorError> {
        self.send(call, Method::GET, path, None).await
    }

    pub(super) async fn post(
        &self,
        call: &Call,
        path: &str,
        body: &(impl Serialize + Sync),
    ) -> Result<Reply, ConnectorError> {
        // Bodies are made of texts, numbers and lists of them, which always make JSON.
        let body = serde_json::to_vec(body).unwrap_or_default();
        self.send(call, Method::POST, path, Some(body)).await
    }

    /// Returns other tokens than those that were refused; none when there are no others.
    async fn other_tokens(
        &self,
        refused: &TokenPair,
        error: &ApiError,
    ) -> Result<Option<TokenPair>, ConnectorError> {
        if is_grant_gone(error) {
            return self.connection.tokens_superseding(refused).await;
        }
        self.connection.tokens_after_refusal(refused).await.map(Some)
    }

    /// Sends a call; when its token is refused, once more with another.
    async fn send(
        &self,
        call: &Call,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> Result<Reply, ConnectorError> {
        let mut tokens = self.connection.tokens().await?;
        let url = format!("{}{path}", base_url(self.connection.app()));
        let mut request = HttpRequest { method, url, headers: headers(&tokens), body };
        let mut is_renewed = false;
        loop {
            let answer = self.connection.http().send(&request, judge).await.map_err(|source| {
                ConnectorError::Fetch { what: format!("{} from {TITLE}", call.what), source }
            })?;
            let Some(error) = first_error(&answer) else { return reply(call, answer) };
            if !is_renewed && answer.status == 401 {
                tokens = self
                    .other_tokens(&tokens, &error)
                    .await?
                    .ok_or_else(|| refusal(call, &answer, &error))?;
                request.headers = headers(&tokens);
                is_renewed = true;
                continue;
            }
            return Err(refusal(call, &answer, &error));
        }
    }
}

/// Whether an error says that the whole grant is gone, so that renewing the token is of no use.
fn is_grant_gone(error: &ApiError) -> bool {
    matches!(error.code.as_deref(), Some("ACCESS_TOKEN_REVOKED" | "CLIENT_DISABLED"))
}

/// Returns where the API is.
pub(super) fn base_url(app: &App) -> &str {
    app.base_url.as_deref().map_or(PRODUCTION, |url| url.trim_end_matches('/'))
}

/// Judges an answer by its body first: proxies in between answer in HTML, under any status, and a
/// 200 can carry refusals.
pub(super) fn judge(answer: &HttpAnswer) -> Judgement {
    let Ok(Errors { errors }) = serde_json::from_slice(&answer.body) else {
        let is_json = serde_json::from_slice::<IgnoredAny>(&answer.body).is_ok();
        return match answer.status {
            429 => Judgement::Throttled,
            status @ (408 | 500 | 502..) if is_json => {
                Judgement::Failing(format!("{status} with a body that is not documented"))
            }
            _ if is_json => Judgement::Final,
            status => Judgement::Failing(format!("{status} with a body that is not JSON")),
        };
    };
    let first = errors.unwrap_or_default().into_iter().next();
    let category = first.as_ref().and_then(|error| error.category.as_deref());
    let code = first.as_ref().map(word_of);
    match (answer.status, category) {
        (429, _) | (_, Some("RATE_LIMIT_ERROR")) => Judgement::Throttled,
        (501, _) => Judgement::Final,
        (408 | 500.., _) | (200..300, Some("API_ERROR")) => {
            Judgement::Failing(format!("{} {}", answer.status, code.unwrap_or_default()))
        }
        _ => Judgement::Final,
    }
}

fn headers(tokens: &TokenPair) -> HeaderMap {
    let bearer = format!("Bearer {}", tokens.access.expose_secret());
    let mut headers = common_headers();
    // A token with characters that no header may have is refused by the vendor as none.
    if let Ok(mut bearer) = HeaderValue::from_str(&bearer) {
        bearer.set_sensitive(true);
        headers.insert(AUTHORIZATION, bearer);
    }
    headers
}

/// Returns the headers that every call has.
pub(super) fn common_headers() -> HeaderMap {
    HeaderMap::from_iter([
        (VERSION_HEADER, HeaderValue::from_static(API_VERSION)),
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
    ])
}

/// Returns the first error of a refusal, one without any named after its status.
pub(super) fn first_error(answer: &HttpAnswer) -> Option<ApiError> {
    let told: Errors = serde_json::from_slice(&answer.body).unwrap_or_default();
    let first = told.errors.unwrap_or_default().into_iter().next();
    let is_refused = !(200..300).contains(&answer.status);
    first.or_else(|| is_refused.then_some(ApiError { category: None, code: None, field: None }))
}

/// Returns the vendor's word for an error, if it is a word.
pub(super) fn word_of(error: &ApiError) -> String {
    let is_word = |code: &&str| {
        code.len() <= 64 && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    error.code.as_deref().filter(is_word).unwrap_or("without a code").to_owned()
}

fn refusal(call: &Call, answer: &HttpAnswer, error: &ApiError) -> ConnectorError {
    let what = call.what.clone();
    match (answer.status, error.code.as_deref()) {
        (_, Some("INVALID_CURSOR")) => ConnectorError::PageForgotten { vendor: TITLE, what },
        (401, _) => ConnectorError::Disconnected { vendor: TITLE, code: word_of(error) },
        (403, _) => ConnectorError::Forbidden { vendor: TITLE, what, scopes: call.scopes },
        (status, _) => ConnectorError::Refused {
            vendor: TITLE,
            what,
            status,
            code: word_of(error),
            field: error.field.clone(),
            request_id: answer.header("x-request-id").map(str::to_owned),
        },
    }
}

fn reply(call: &Call, answer: HttpAnswer) -> Result<Reply, ConnectorError> {
    if let Some(answered) =
        answer.header(VERSION_HEADER.as_str()).filter(|told| *told != API_VERSION)
    {
        return Err(ConnectorError::Version {
            vendor: TITLE,
            what: call.what.clone(),
            asked: API_VERSION,
            answered: answered.chars().take(32).collect(),
        });
    }
    let date = answer.date();
    let body =
        String::from_utf8(answer.body).map_err(|_| call.shape("it is no UTF-8".to_owned()))?;
    Ok(Reply { body, date })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(status: u16, body: &str) -> Judgement {
        let body = body.as_bytes().to_vec();
        judge(&HttpAnswer { status, headers: HeaderMap::new(), body })
    }

    fn error(category: &str, code: &str) -> String {
        format!(r#"{{"errors":[{{"category":"{category}","code":"{code}","detail":"x"}}]}}"#)
    }

    #[test]
    fn html_is_a_failure_under_any_status() {
        for status in [200, 400, 401, 403, 404, 502] {
            let judgement = judged(status, "<html>upstream connect error</html>");
            assert!(matches!(judgement, Judgement::Failing(_)), "{status}: {judgement:?}");
        }
        assert_eq!(judged(429, "<html>slow down</html>"), Judgement::Throttled);
        assert!(matches!(judged(200, r#"{"orders": [{"id""#), Judgement::Failing(_)));
    }

    #[test]
    fn a_200_can_be_a_failure() {
        assert_eq!(judged(200, &error("RATE_LIMIT_ERROR", "RATE_LIMITED")), Judgement::Throttled);
        let failing = judged(200, &error("API_ERROR", "TEMPORARY_ERROR"));
        assert_eq!(failing, Judgement::Failing("200 TEMPORARY_ERROR".to_owned()));
        assert_eq!(judged(200, r#"{"orders": []}"#), Judgement::Final);
    }

    #[test]
    fn only_what_may_pass_is_asked_again() {
        for status in [408, 500, 502, 503, 504] {
            assert!(matches!(judged(status, &error("API_ERROR", "X")), Judgement::Failing(_)));
        }
        for body in [r#""upstream down""#, r#"{"errors":"x"}"#, r#"{"message":"x"}"#] {
            for status in [408, 500, 502, 503, 504] {
                let judgement = judged(status, body);
                assert!(
                    matches!(judgement, Judgement::Failing(_)),
                    "{status} {body}: {judgement:?}"
                );
            }
            assert_eq!(judged(400, body), Judgement::Final, "{body}");
        }
        for status in [400, 401, 403, 404, 501] {
            let body = error("INVALID_REQUEST_ERROR", "BAD_REQUEST");
            assert_eq!(judged(status, &body), Judgement::Final, "{status}");
        }
    }
}
