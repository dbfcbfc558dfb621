//! TLS as an address asks for it, with a server that has a certificate made here.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use shelfops_connection::Address;
use shelfops_embedded_postgres::{Config, Installation, Server, ServerHandle};
use tempfile::TempDir;
use tokio_postgres::Client;

const PATIENCE: Duration = Duration::from_secs(60);

/// A server that speaks TLS over TCP, and whom to trust.
struct Site {
    directory: TempDir,
    server: ServerHandle,
}

/// An authority, and a certificate that it gave to `localhost`.
struct Papers {
    authority: String,
    certificate: String,
    key: String,
}

fn papers() -> Papers {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate().unwrap();
    let signed = authority.self_signed(&authority_key).unwrap();
    let issuer = Issuer::new(authority, authority_key);
    let key = KeyPair::generate().unwrap();
    let names = vec!["localhost".to_owned()];
    let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap();
    Papers { authority: signed.pem(), certificate: certificate.pem(), key: key.serialize_pem() }
}

impl Site {
    async fn open() -> Self {
        let directory = tempfile::tempdir().unwrap();
        // The server may run as another user.
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let config = Config::new(directory.path().join("postgres"))
            .setting("listen_addresses", "localhost")
            .setting("fsync", "off")
            .setting("shared_buffers", "16MB");
        let server = tokio::task::spawn_blocking(move || {
            Server::start(Installation::find().unwrap(), config).unwrap()
        });
        let site = Self { directory, server: server.await.unwrap() };
        let papers = papers();
        site.write("authority.crt", &papers.authority);
        site.write("own.crt", &papers.certificate);
        site.write("other.crt", &self::papers().authority);
        let client = site.superuser().await;
        site.give(&client, &papers).await;
        client.batch_execute("create role visitor login password 'it''s me'").await.unwrap();
        site.switch(&client, true).await;
        site
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.directory.path().join(name), text).unwrap();
    }

    async fn superuser(&self) -> Client {
        let address = Address::parse(&self.server.connection_url("postgres")).unwrap();
        address.connect("test").await.unwrap()
    }

    /// Has the server write its key itself: nobody else's file would do.
    async fn give(&self, client: &Client, papers: &Papers) {
        for (name, text) in [("server.crt", &papers.certificate), ("server.key", &papers.key)] {
            let lines = format!(
                "copy (select regexp_split_to_table($pem${text}$pem$, '\n'))
                 to program 'cat > {name} && chmod 600 {name}'"
            );
            client.batch_execute(&lines).await.unwrap();
        }
    }

    /// Switches the server's TLS on or off, and waits until it is.
    async fn switch(&self, client: &Client, is_on: bool) {
        let alter = format!("alter system set ssl = {is_on}");
        for sql in [&*alter, "select pg_reload_conf()"] {
            client.batch_execute(sql).await.unwrap();
        }
        let switched = async {
            while self.visit("localhost", "sslmode=prefer").await != Ok(is_on) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, switched).await.expect("the server reads its settings");
    }

    /// Connects over TCP; answers whether the server says that it is TLS.
    async fn visit(&self, host: &str, options: &str) -> Result<bool, String> {
        let url = format!(
            "postgres://visitor:it%27s%20me@{host}:{}/postgres?{}",
            self.server.port(),
            options.replace("DIR", &self.directory.path().display().to_string())
        );
        let address = Address::parse(&url).map_err(|error| error.to_string())?;
        let client = address.connect("test").await.map_err(|error| with_cause(&error))?;
        let sql = "select ssl from pg_stat_ssl where pid = pg_backend_pid()";
        Ok(client.query_one(sql, &[]).await.unwrap().get(0))
    }
}

fn with_cause(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {}", with_cause(cause)),
        None => error.to_string(),
    }
}

#[tokio::test]
async fn an_address_gets_the_tls_that_it_asks_for_or_a_refusal() {
    let site = Site::open().await;
    let file = "&sslrootcert=DIR/authority.crt";
    let own = "&sslrootcert=DIR/own.crt";
    let other = "&sslrootcert=DIR/other.crt";
    for (host, mode, roots, is_tls) in [
        ("localhost", "disable", "", false),
        ("localhost", "prefer", "", true),
        ("127.0.0.1", "require", "", true),
        ("127.0.0.1", "require", file, true),
        ("127.0.0.1", "verify-ca", file, true),
        ("127.0.0.1", "verify-ca", own, true),
        ("localhost", "verify-full", file, true),
        ("localhost", "verify-full", own, true),
    ] {
        let answer = site.visit(host, &format!("sslmode={mode}{roots}")).await;
        assert_eq!(answer, Ok(is_tls), "{host} {mode} {roots}");
    }
    assert_eq!(site.visit("localhost", "connect_timeout=5").await, Ok(true), "prefer by itself");
    for (host, mode, roots, reason) in [
        ("127.0.0.1", "verify-full", file, "not valid for name"),
        ("127.0.0.1", "verify-full", own, "not valid for name"),
        ("localhost", "verify-full", other, "invalid peer certificate"),
        ("localhost", "verify-ca", other, "invalid peer certificate"),
        ("localhost", "require", other, "invalid peer certificate"),
        ("localhost", "verify-full", "&sslrootcert=DIR/absent.crt", "absent.crt"),
        ("localhost", "verify-full", "&sslrootcert=DIR/postgres/data/none", "sslrootcert"),
    ] {
        let said = site.visit(host, &format!("sslmode={mode}{roots}")).await.unwrap_err();
        assert!(said.contains(reason), "{host} {mode} {roots}: {said}");
    }
}

#[tokio::test]
async fn a_server_without_tls_is_refused_where_it_is_required_and_used_where_it_is_not() {
    let site = Site::open().await;
    let client = site.superuser().await;
    site.switch(&client, false).await;
    let said = site.visit("localhost", "sslmode=require").await.unwrap_err();
    assert!(said.contains("TLS"), "{said}");
}
