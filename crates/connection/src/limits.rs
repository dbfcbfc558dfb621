//! How long a connection waits where its address does not say: by themselves, connections wait for hours.

use std::time::Duration;

use tokio_postgres::Config;

/// How long a host may take to take the connection.
const CONNECT: Duration = Duration::from_secs(10);

/// After how much silence the system asks whether the server is still there.
const KEEPALIVE: Duration = Duration::from_secs(60);

/// How long what was sent may stay unacknowledged. Says nothing about how long a statement may run.
const UNACKNOWLEDGED: Duration = Duration::from_secs(60);

/// What the client library takes where nothing is said.
const LIBRARY_KEEPALIVE: Duration = Duration::from_secs(2 * 60 * 60);

/// Sets what the address did not.
pub(crate) fn set(config: &mut Config) {
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT);
    }
    if config.get_keepalives_idle() == LIBRARY_KEEPALIVE {
        config.keepalives_idle(KEEPALIVE);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(UNACKNOWLEDGED);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limited(text: &str) -> Config {
        let mut config = text.parse().unwrap();
        set(&mut config);
        config
    }

    #[test]
    fn what_the_address_does_not_say_is_set() {
        let config = limited("postgres://host/shop");
        assert_eq!(config.get_connect_timeout(), Some(&CONNECT));
        assert_eq!(config.get_keepalives_idle(), KEEPALIVE);
        assert_eq!(config.get_tcp_user_timeout(), Some(&UNACKNOWLEDGED));
    }

    #[test]
    fn what_the_address_says_holds() {
        let config =
            limited("postgres://host/shop?connect_timeout=3&keepalives_idle=7&tcp_user_timeout=9");
        assert_eq!(config.get_connect_timeout(), Some(&Duration::from_secs(3)));
        assert_eq!(config.get_keepalives_idle(), Duration::from_secs(7));
        assert_eq!(config.get_tcp_user_timeout(), Some(&Duration::from_secs(9)));
    }
}
