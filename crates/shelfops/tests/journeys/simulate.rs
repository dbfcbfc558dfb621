//! A vendor on this machine: it says how to connect, answers, and ends when asked to.

use std::time::Duration;

use serde_json::Value;
use shelfops_testkit::wait_for;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::fixture::{Command, free_address};

const PATIENCE: Duration = Duration::from_secs(30);

async fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn square_is_simulated_until_it_is_stopped() {
    let directory = tempfile::tempdir().unwrap();
    let address = free_address();
    let arguments = ["simulate", "square", "--address", &address, "--seed", "7", "--speed", "0"];
    let running = Command::new(directory.path()).args(arguments).start();
    wait_for("the simulator to listen", PATIENCE, async || {
        TcpStream::connect(&address).await.is_ok()
    })
    .await
    .unwrap();
    let state = get(&address, "/_control/state").await;
    assert!(state.starts_with("HTTP/1.1 200"), "{state}");
    // Nobody is let in without a token.
    let refused = get(&address, "/v2/locations").await;
    assert!(refused.starts_with("HTTP/1.1 401"), "{refused}");
    assert!(refused.contains("AUTHENTICATION_ERROR"), "{refused}");
    running.interrupt();
    let answer = running.end().await.succeeds();
    let told: Value = serde_json::from_str(&answer.stdout).unwrap();
    assert_eq!(told["url"], format!("http://{address}"));
    assert_eq!(told["seed"], 7);
    assert!(told["applications"][0]["client_id"].is_string(), "{told}");
    assert!(!directory.path().join(".shelfops").exists(), "it starts no database");
}

#[tokio::test]
async fn a_configuration_that_cannot_be_used_is_told_with_the_reason() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("square.toml"), "sed = 7\n").unwrap();
    let call = async |file: &str| {
        let arguments = ["simulate", "square", "--config", file];
        Command::new(directory.path()).args(arguments).run().await
    };
    let said = call("square.toml").await.fails_with(2);
    assert!(said.contains("square.toml") && said.contains("sed"), "{said}");
    let said = call("nowhere.toml").await.fails_with(2);
    assert!(said.contains("cannot read nowhere.toml"), "{said}");
}
