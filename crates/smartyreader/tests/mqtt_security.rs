//! Every way to reach a broker, with a real one: what lets one in, and what is said when it does not.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod common;

use common::broker::{Broker, PASSWORD, PSK, Security};
use common::{Daemon, Folder, Process, meter};

/// A daemon with a plain virtual meter and one broker.
fn daemon(folder: &Folder, broker: &str) -> (Process, Daemon) {
    let (process, address) = meter(&["--speed", "20"]);
    let text = format!("[source.cable]\nkind = \"tcp\"\naddress = \"{address}\"\n[meter.home]\n[mqtt.house]\n{broker}");
    (process, Daemon::start(folder, &text))
}

fn state(daemon: &Daemon) -> String {
    daemon.health()["sinks"][0]["state"].as_str().unwrap().to_string()
}

fn lets_in(security: Security) {
    for version in ["3.1.1", "5"] {
        let folder = Folder::new(&format!("in-{security:?}-{version}"));
        let broker = Broker::start(&folder, security);
        let listener = broker.listen("smartyreader/#");
        let settings = format!("{}version = \"{version}\"\n", broker.settings());
        let (_meter, daemon) = daemon(&folder, &settings);
        daemon.wait("connected", |daemon| state(daemon) == "connected");
        daemon.wait("sent", |daemon| daemon.health()["sinks"][0]["counters"]["sent"].as_u64() > Some(3));
        let live = listener.first("smartyreader/home/live").json();
        assert!(live["power_import_w"].is_i64(), "{live}");
        assert!(!daemon.problems().iter().any(|code| code.starts_with("broker")), "{:?}", daemon.problems());
    }
}

#[test]
fn plain() {
    lets_in(Security::Plain);
}

#[test]
fn user_and_password() {
    lets_in(Security::Password);
}

#[test]
fn tls_with_an_own_authority() {
    lets_in(Security::Tls);
}

#[test]
fn tls_with_a_client_certificate() {
    lets_in(Security::ClientCertificate);
}

#[test]
fn tls_with_a_pre_shared_key() {
    lets_in(Security::Psk);
}

#[test]
fn websocket() {
    lets_in(Security::WebSocket);
}

#[test]
fn websocket_over_tls() {
    lets_in(Security::SecureWebSocket);
}

/// A broker that does not let this in, or is not believed: the code, and a word of the sentence.
fn refused(security: Security, change: impl Fn(String, &Folder) -> String, code: &str, word: &str) {
    let folder = Folder::new(&format!("out-{code}-{}", word.len()));
    let broker = Broker::start(&folder, security);
    let settings = change(broker.settings(), &folder);
    let (_meter, daemon) = daemon(&folder, &settings);
    daemon.wait(code, |daemon| daemon.problems().contains(&code.to_string()));
    let health = daemon.health();
    let problem = health["problems"].as_array().unwrap().iter().find(|problem| problem["code"] == code).unwrap();
    let sentence = problem["sentence"].as_str().unwrap();
    assert!(sentence.contains(word), "{sentence}");
    assert_eq!(problem["severity"], "attention", "the meter is being read");
    // Reading goes on as if there were no broker.
    daemon.wait("stored", |daemon| daemon.health()["store"]["stored"].as_u64() > Some(2));
    let (_, status, _) = daemon.status();
    let said = format!("{}{status}{health}", daemon.logs(sentence));
    for secret in [PASSWORD, PSK, "wrong horse", "ffeeddccbbaa99887766554433221100"] {
        assert!(!said.contains(secret), "{said}");
    }
}

#[test]
fn a_wrong_password_is_named() {
    let wrong = |settings: String, folder: &Folder| {
        folder.write("password", "wrong horse\n");
        settings
    };
    refused(Security::Password, wrong, "broker-login", "user and password");
    let wrong = |settings: String, folder: &Folder| format!("{}version = \"5\"\n", wrong(settings, folder));
    refused(Security::Password, wrong, "broker-login", "refuses this user");
}

#[test]
fn a_wrong_pre_shared_key_is_named() {
    let wrong = |settings: String, folder: &Folder| {
        folder.write("psk", "ffeeddccbbaa99887766554433221100\n");
        settings
    };
    refused(Security::Psk, wrong, "broker-psk", "pre-shared key");
    refused(Security::Psk, |settings, _| settings.replace("\"smarty\"", "\"nobody\""), "broker-psk", "identity");
}

#[test]
fn an_expired_certificate_is_named() {
    refused(Security::ExpiredTls, |settings, _| settings, "broker-tls", "expired");
}

#[test]
fn a_foreign_authority_is_named() {
    let foreign = |settings: String, _: &Folder| settings.replace("ca.pem", "foreign-ca.pem");
    refused(Security::Tls, foreign, "broker-tls", "not believed");
    // The system's own authorities know it neither.
    let none = |settings: String, _: &Folder| settings.replace("ca-file = \"ca.pem\"\n", "");
    refused(Security::Tls, none, "broker-tls", "certificate is not");
}

#[test]
fn another_name_in_the_certificate_is_named() {
    refused(Security::Tls, |settings, _| settings.replace("localhost", "127.0.0.1"), "broker-tls", "mismatch");
}

#[test]
fn a_missing_client_certificate_is_named() {
    let none = |settings: String, _: &Folder| {
        settings.split_inclusive('\n').filter(|line| !line.starts_with("certificate")).collect()
    };
    refused(Security::ClientCertificate, none, "broker-tls", "certificate");
}

#[test]
fn tls_on_a_port_without_is_named() {
    refused(Security::Plain, |settings, _| settings.replace("mqtt://", "mqtts://"), "broker-tls", "TLS");
}

#[test]
fn nobody_there_is_named() {
    let elsewhere = |_: String, _: &Folder| format!("broker = \"mqtt://127.0.0.1:{}\"\n", common::free_port());
    refused(Security::Plain, elsewhere, "broker-away", "nothing listens");
}
