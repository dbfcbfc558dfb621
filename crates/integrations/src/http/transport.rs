//! The HTTP client underneath: TLS, timeouts, no redirects.

use reqwest::redirect::Policy as RedirectPolicy;
use reqwest::{Client, Error};

use super::TimeoutPolicy;

/// How we introduce ourselves.
const USER_AGENT: &str = concat!("shelfops/", env!("CARGO_PKG_VERSION"));

/// Chooses who does the cryptography of TLS, for every client of this process: a client that is made
/// before somebody chose does not work.
pub fn prepare_tls() {
    // Refused when somebody has installed a provider already, and that one serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Makes a client.
///
/// It follows no redirect, which could carry a token to another host.
pub(super) fn client(timeouts: TimeoutPolicy) -> Result<Client, Error> {
    prepare_tls();
    Client::builder()
        .user_agent(USER_AGENT)
        .redirect(RedirectPolicy::none())
        .connect_timeout(timeouts.connect)
        .read_timeout(timeouts.read)
        .timeout(timeouts.total)
        .build()
}
