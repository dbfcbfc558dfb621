//! Which address is answered by whom.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;

use super::app::App;
use super::{api, health, metrics, watch};

/// How large a request's body may be.
pub(super) const BODY_LIMIT: usize = 1024 * 1024;

/// Some addresses and who answers them: what a vendor calls, for instance, is a part of its own.
type Part = fn() -> Router<Arc<App>>;

/// Every part of the interface. All are surrounded alike; who may ask is each part's own business.
const PARTS: &[Part] = &[health::routes, metrics::routes, api::routes];

/// Puts the interface together, with what vendors call.
pub(super) fn build(app: Arc<App>, vendors: Router<Arc<App>>) -> Router {
    assemble(app, PARTS.iter().map(|part| part()).chain([vendors]))
}

/// Puts parts together behind what surrounds every request.
fn assemble(app: Arc<App>, parts: impl IntoIterator<Item = Router<Arc<App>>>) -> Router {
    parts
        .into_iter()
        .fold(Router::new(), Router::merge)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(from_fn_with_state(app.clone(), watch::watch))
        .with_state(app)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::time::Duration;

    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;
    use crate::config::{Config, Overrides};
    use crate::ops::Context;
    use crate::ops::context::{Talk, TaskProgress};
    use crate::serve::connections;

    struct Silence;

    impl Talk for Silence {
        fn say(&self, _line: &str) {}
        fn progress(&self, _progress: &TaskProgress) {}
        fn done(&self) {}
        fn should_stop(&self) -> bool {
            false
        }
    }

    /// An interface without a database, with one part besides its own.
    async fn serve(part: Router<Arc<App>>) -> String {
        let overrides = Overrides {
            database_url: Some("postgres://nobody@127.0.0.1:1/nowhere".to_owned()),
            ..Overrides::default()
        };
        let context = Context::new(Config::load(overrides).unwrap(), Arc::new(Silence));
        let many = NonZeroU32::new(600).unwrap();
        let app = Arc::new(App::new(&context, None, many, Duration::from_secs(60)));
        let router = assemble(app, [health::routes(), part]);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(connections::accept(listener, router, std::future::pending()));
        address
    }

    async fn ask(address: &str, path: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn a_panic_ends_its_request_and_nothing_else() {
        async fn panics() -> &'static str {
            panic!("a mistake with a secret in it")
        }
        let address = serve(Router::new().route("/panics", get(panics))).await;
        for _ in 0..2 {
            let answer = ask(&address, "/panics").await;
            assert!(answer.starts_with("HTTP/1.1 500"), "{answer}");
            assert!(answer.contains("application/problem+json"), "{answer}");
            assert!(answer.contains("x-request-id") && !answer.contains("a secret"), "{answer}");
        }
        assert!(ask(&address, "/healthz").await.starts_with("HTTP/1.1 200"));
    }

    #[tokio::test]
    async fn another_part_is_surrounded_like_the_rest() {
        let part = Router::new().route("/callbacks/{name}", get(async || "heard"));
        let address = serve(part).await;
        let answer = ask(&address, "/callbacks/anybody").await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("heard"), "{answer}");
        assert!(answer.contains("x-request-id"), "{answer}");
    }
}
