//! The way back from a vendor's page of consent.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, Uri};
use axum::response::Html;
use axum::routing::get;
use serde::Deserialize;
use shelfops_db::models::{Integration, IntegrationStatus, Tenant};
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

use crate::ops::{Context, OpError};
use crate::sync::complete_authorisation;

/// How long a tenant may take on the vendor's page; as long as a state is honoured.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// How often it is looked whether the tenant has agreed.
const LOOK: Duration = Duration::from_millis(300);

/// What a vendor sends the tenant back with.
#[derive(Deserialize)]
pub(super) struct Answer {
    code: Option<String>,
    state: Option<String>,
    error: Option<String>,
}

/// Takes a tenant back. What was begun is brought to its end, also when the browser is closed: the vendor may
/// have let us in already, and nobody would know.
pub(super) async fn receive(
    State((context, tasks)): State<(Arc<Context>, TaskTracker)>,
    Path(connector): Path<String>,
    Query(answer): Query<Answer>,
) -> (StatusCode, Html<String>) {
    let work = async move { finish(&context, &connector, answer).await };
    tasks.spawn(work.in_current_span()).await.unwrap_or_else(|lost| {
        tracing::error!(error = %lost, "an authorisation was broken off");
        let why = "Something of ours failed. Look whether the system is connected, and connect it again if not.";
        (StatusCode::INTERNAL_SERVER_ERROR, page("Not connected", why))
    })
}

async fn finish(context: &Context, connector: &str, answer: Answer) -> (StatusCode, Html<String>) {
    let (Some(code), Some(state)) = (answer.code, answer.state) else {
        let why = match answer.error {
            Some(error) => format!("The vendor says: {error}. Nothing was connected."),
            None => {
                "This page is where a vendor sends you back to; nothing came with you.".to_owned()
            }
        };
        return (StatusCode::BAD_REQUEST, page("Not connected", &why));
    };
    match complete_authorisation(context, connector, &state, code.into()).await {
        Ok((tenant, integration)) => {
            let told = format!(
                "{} of {} is connected. You can close this page.",
                integration.source, tenant.slug
            );
            (StatusCode::OK, page("Connected", &told))
        }
        Err(error) => {
            tracing::warn!(connector, error = %error.with_reasons(), "an authorisation failed");
            (StatusCode::BAD_REQUEST, page("Not connected", &error.to_string()))
        }
    }
}

fn page(title: &str, text: &str) -> Html<String> {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    Html(format!(
        "<!doctype html><html lang=en><meta charset=utf-8><title>{title} - ShelfOps</title>\
         <meta name=viewport content='width=device-width'>\
         <style>body{{font:1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:20vh auto;\
         padding:0 1rem;color:#1c2430}}h1{{font-size:1.5rem}}</style>\
         <h1>{title}</h1><p>{text}</p></html>"
    ))
}

/// Waits until the tenant has let us in. Where no server of ours listens at the address that the
/// vendor sends the tenant back to, and it is this machine's, we listen there ourselves meanwhile.
///
/// # Errors
/// Fails when the tenant did not agree in time, or when the user stops it.
pub(crate) async fn wait_for_consent(
    context: &Context,
    tenant: &Tenant,
    integration: &Integration,
    redirect_uri: &str,
) -> Result<Integration, OpError> {
    let listener = match local_address(redirect_uri) {
        Some(address) => TcpListener::bind(address).await.ok(),
        None => None,
    };
    let waiting = wait(context, tenant, integration);
    match listener {
        None => waiting.await,
        Some(listener) => {
            let (asked, mut questions) = tokio::sync::mpsc::channel::<Question>(1);
            let router =
                Router::new().route("/oauth/{connector}/callback", get(pass_on)).with_state(asked);
            let serving = async move { axum::serve(listener, router).await };
            let answering = async {
                while let Some((connector, answer, reply)) = questions.recv().await {
                    let _ = reply.send(finish(context, &connector, answer).await);
                }
            };
            tokio::select! {
                connected = waiting => {
                    // The page with the good news is on its way to the browser.
                    tokio::time::sleep(LOOK).await;
                    connected
                }
                served = serving => Err(OpError::failed(format!(
                    "could not wait for the vendor's answer: {}",
                    served.err().map_or_else(|| "the listener ended".to_owned(), |e| e.to_string())
                ))),
                () = answering => Err(OpError::failed("could not wait for the vendor's answer")),
            }
        }
    }
}

type Page = (StatusCode, Html<String>);
type Question = (String, Answer, tokio::sync::oneshot::Sender<Page>);

/// Hands a tenant who comes back to the one that waits.
async fn pass_on(
    State(ask): State<tokio::sync::mpsc::Sender<Question>>,
    Path(connector): Path<String>,
    Query(answer): Query<Answer>,
) -> Page {
    let gone = || (StatusCode::GONE, page("Not connected", "Nobody waits for this any more."));
    let (reply, answered) = tokio::sync::oneshot::channel();
    match ask.send((connector, answer, reply)).await {
        Ok(()) => answered.await.unwrap_or_else(|_| gone()),
        Err(_) => gone(),
    }
}

async fn wait(
    context: &Context,
    tenant: &Tenant,
    integration: &Integration,
) -> Result<Integration, OpError> {
    let before = integration.connected_at;
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let tx = context.database().await?.tenant(tenant.customer_id).await?;
        let now = tx.integration(integration.integration_id).await?;
        tx.commit().await?;
        if now.status == IntegrationStatus::Active && now.connected_at != before {
            return Ok(now);
        }
        if context.talk().should_stop() {
            return Err(OpError::failed(
                "stopped waiting; the integration stays and `shelfops integration connect` opens the \
                 page again",
            ));
        }
        if tokio::time::Instant::now() > deadline {
            return Err(OpError::failed(
                "nobody agreed on the vendor's page within a quarter of an hour; `shelfops integration \
                 connect` opens it again",
            ));
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Returns where to listen for an address of this machine itself, without TLS.
fn local_address(uri: &str) -> Option<SocketAddr> {
    let uri: Uri = uri.parse().ok()?;
    let is_plain = uri.scheme_str() == Some("http");
    let host = uri.host()?;
    let address: IpAddr = if host == "localhost" {
        IpAddr::from([127, 0, 0, 1])
    } else {
        host.trim_matches(['[', ']']).parse().ok()?
    };
    let local = is_plain && address.is_loopback();
    local.then(|| SocketAddr::new(address, uri.port_u16().unwrap_or(80)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_listened_at() {
        let local = |uri| local_address(uri).map(|address| address.to_string());
        assert_eq!(
            local("http://127.0.0.1:8080/oauth/x/callback"),
            Some("127.0.0.1:8080".to_owned())
        );
        assert_eq!(local("http://localhost:9/x"), Some("127.0.0.1:9".to_owned()));
        assert_eq!(local("http://[::1]:9/x"), Some("[::1]:9".to_owned()));
        assert_eq!(local("https://127.0.0.1:8080/x"), None);
        assert_eq!(local("http://10.0.0.1:8080/x"), None);
        assert_eq!(local("http://shelf.example/x"), None);
        assert_eq!(local("nonsense"), None);
    }

    #[test]
    fn what_a_vendor_says_cannot_become_part_of_the_page() {
        let Html(shown) = page("Not connected", "<script>alert(1)</script> & more");
        assert!(shown.contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp; more"), "{shown}");
    }
}
