//! Writes connection URLs for a server behind a Unix socket.

use std::path::Path;

/// Returns a URL that libpq, tokio-postgres and sqlx all understand.
///
/// User and socket go into the query: strict URL parsers refuse a user name without a host.
pub(crate) fn connection(user: &str, socket_directory: &Path, port: u16, database: &str) -> String {
    format!(
        "postgresql:///{}?host={}&port={port}&user={}",
        escape(database.as_bytes()),
        escape(socket_directory.as_os_str().as_encoded_bytes()),
        escape(user.as_bytes()),
    )
}

/// Escapes everything but letters, digits, slashes and the four marks that never need it.
fn escape(bytes: &[u8]) -> String {
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    bytes
        .iter()
        .map(|&byte| if keep(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_odd_characters_is_escaped() {
        let url = connection("admin", Path::new("/a b/é?"), 5432, "shop&co");
        assert_eq!(url, "postgresql:///shop%26co?host=/a%20b/%C3%A9%3F&port=5432&user=admin");
    }
}
