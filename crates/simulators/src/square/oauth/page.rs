//! The page on which a merchant consents, and the one that says why there is nothing to consent to.

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Response, StatusCode};

/// What the page asks.
pub(super) struct Question<'a> {
    pub(super) application: &'a str,
    pub(super) scopes: &'a [&'static str],
    /// Ids and names of the merchants who can answer.
    pub(super) merchants: Vec<(&'a str, &'a str)>,
    /// What the request said, to be said again with the answer.
    pub(super) fields: &'a [(String, String)],
}

/// Answers with the page that asks a merchant.
pub(super) fn ask(question: &Question<'_>) -> Response<Body> {
    let scopes: String =
        question.scopes.iter().map(|scope| format!("<li>{}</li>", escape(scope))).collect();
    let merchants: String = question
        .merchants
        .iter()
        .map(|(id, name)| {
            format!("<option value=\"{}\">{} ({})</option>", escape(id), escape(name), escape(id))
        })
        .collect();
    let fields: String = question
        .fields
        .iter()
        .map(|(name, value)| {
            let (name, value) = (escape(name), escape(value));
            format!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">")
        })
        .collect();
    let body = format!(
        "<h1>{} asks for access</h1><ul>{scopes}</ul>\
         <form method=\"post\" action=\"/oauth2/authorize\">{fields}\
         <label>Business <select name=\"merchant_id\">{merchants}</select></label> \
         <button name=\"decision\" value=\"allow\">Allow</button> \
         <button name=\"decision\" value=\"deny\">Deny</button></form>",
        escape(question.application)
    );
    html(StatusCode::OK, "Authorize", &body)
}

/// Answers with a page that says what is wrong with the request: nobody is sent anywhere.
pub(super) fn refuse(problem: &str) -> Response<Body> {
    let body = format!("<h1>This link does not work</h1><p>{}</p>", escape(problem));
    html(StatusCode::BAD_REQUEST, "Error", &body)
}

fn html(status: StatusCode, title: &str, body: &str) -> Response<Body> {
    let page = format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title} - simulator\
         </title></head><body>{body}</body></html>"
    );
    let mut response = Response::new(Body::from(page));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(letter),
        }
    }
    escaped
}
