//! Alerts by mail, through a real server: everybody once, what belongs together together, and what to do about a server that will not.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod common;

use std::collections::BTreeMap;

use common::mail::{MailServer, PASSWORD, Security};
use common::{Daemon, Folder, KEY, Process, free_port, smartyreader};

/// A sealed virtual meter with 230 V on each phase. `counter`: a later one goes on where an earlier one stopped.
fn meter_at(port: u16, folder: &Folder, counter: &str) -> Process {
    let mut process = Process::start(
        smartyreader()
            .args(["meter", "--speed", "60", "--counter", counter, "--key-file"])
            .arg(folder.file("home.key"))
            .args(["--to", &format!("tcp://127.0.0.1:{port}")]),
    );
    process.first_line();
    process
}

/// Each phase is too low for these thresholds, and nobody may be silent for more than three seconds.
fn house(port: u16, server: &MailServer, to: &[&str]) -> String {
    format!(
        "[source.cable]\nkind = \"tcp\"\naddress = \"127.0.0.1:{port}\"\n\
         [meter.home]\nkey-file = \"home.key\"\ntitle = \"Haus Müller\"\n\
         [alert.voltage]\nlow = 245\nhigh = 260\n[alert.silence]\nafter = \"3s\"\nreadings = 1\n\
         [alert.mail]\nto = {to:?}\n{}",
        server.settings()
    )
}

/// The headers of a mail by their names in small letters, and its text.
fn parts(source: &str) -> (BTreeMap<String, String>, String) {
    let (head, body) = source.split_once("\r\n\r\n").unwrap();
    let head = head.replace("\r\n ", " ");
    let headers = head.lines().filter_map(|line| line.split_once(": "));
    (headers.map(|(name, value)| (name.to_lowercase(), value.to_string())).collect(), body.to_string())
}

fn sink(daemon: &Daemon, to: &str) -> serde_json::Value {
    let health = daemon.health();
    let name = format!("alert to {to}");
    health["sinks"].as_array().unwrap().iter().find(|sink| sink["name"] == name.as_str()).unwrap().clone()
}

#[test]
fn everybody_is_told_once_and_what_is_over_answers_what_began() {
    let folder = Folder::new("alert-mail");
    folder.write("home.key", KEY);
    let Some(mut server) = MailServer::prepare(&folder, Security::StartTls) else { return };
    let port = free_port();
    let mut meter = meter_at(port, &folder, "1");
    // The server is away when it begins.
    let daemon = Daemon::start(&folder, &house(port, &server, &["anna@example.org", "Bob <bob@example.org>"]));
    daemon.wait("it is said that the server is away", |daemon| {
        daemon.problems().iter().filter(|code| *code == "alert-undelivered").count() == 2
    });
    server.go(&[]);
    server.wait_for_mails(6);
    meter.kill();
    server.wait_for_mails(8);
    let _meter = meter_at(port, &folder, "100000");
    server.wait_for_mails(10);

    let mails: Vec<_> = (1..=server.got().len()).map(|number| parts(&server.source(number))).collect();
    for name in ["anna@example.org", "bob@example.org"] {
        let mine: Vec<_> = mails.iter().filter(|(headers, _)| headers["to"].contains(name)).collect();
        // Sorted: which phase is named first is not said anywhere.
        let mut subjects: Vec<&str> = mine.iter().map(|(headers, _)| headers["subject"].as_str()).collect();
        subjects.sort_unstable();
        let words = [
            "no telegrams",
            "over: no telegrams",
            "voltage of L1 too low",
            "voltage of L2 too low",
            "voltage of L3 too low",
        ];
        // "Müller:" as mails write it.
        assert_eq!(subjects, words.map(|words| format!("Haus =?utf-8?b?TcO8bGxlcjo=?= {words}")));
        let ids: Vec<&str> = mine.iter().map(|(headers, _)| headers["message-id"].as_str()).collect();
        let unlike: std::collections::BTreeSet<_> = ids.iter().collect();
        assert_eq!(unlike.len(), 5, "{ids:?}");
        let answers: Vec<_> = mine.iter().filter(|(headers, _)| headers.contains_key("in-reply-to")).collect();
        assert_eq!(answers.len(), 1);
        let (answer, text) = answers[0];
        assert!(text.starts_with("Telegrams come again"), "{text}");
        assert!(text.contains("It began: "), "{text}");
        let first = mine.iter().find(|(headers, _)| headers["message-id"] == answer["in-reply-to"]).unwrap();
        assert!(first.1.starts_with("No telegram for"), "{}", first.1);
        let low = mine.iter().find(|(_, text)| text.contains("L2")).unwrap();
        assert_eq!(low.0["auto-submitted"], "auto-generated");
        assert!(low.1.starts_with("The voltage of L2 is 2") && low.1.contains(" V, below 245 V."), "{}", low.1);
    }
    daemon.wait("all is well", |daemon| !daemon.problems().contains(&"alert-undelivered".to_string()));
    let sink = sink(&daemon, "anna@example.org");
    assert_eq!(
        (&sink["kind"], &sink["state"], &sink["queued"]),
        (&"mail".into(), &"ready".into(), &0.into()),
        "{sink}"
    );
    assert_eq!(sink["counters"]["sent"], 5);
    let log = daemon.process.log();
    assert!(!log.contains(PASSWORD), "{log}");
}

#[test]
fn one_address_that_is_refused_keeps_the_other_from_nothing() {
    let folder = Folder::new("alert-mail-refused");
    folder.write("home.key", KEY);
    let Some(mut server) = MailServer::prepare(&folder, Security::Tls) else { return };
    server.go(&["--refuse", "bob@example.org"]);
    let port = free_port();
    let _meter = meter_at(port, &folder, "1");
    let daemon = Daemon::start(&folder, &house(port, &server, &["anna@example.org", "bob@example.org"]));
    server.wait_for_mails(3);
    daemon.wait("it is said", |daemon| sink(daemon, "bob@example.org")["counters"]["dropped"] == 3);
    let problems = daemon.health()["problems"].clone();
    let problem = problems.as_array().unwrap().iter().find(|problem| problem["code"] == "alert-undelivered").unwrap();
    let sentence = problem["sentence"].as_str().unwrap();
    assert!(sentence.contains("bob@example.org") && sentence.contains("550"), "{sentence}");
    assert_eq!(server.got(), ["anna@example.org"; 3]);
}

#[test]
fn a_refused_login_is_not_tried_again_and_again() {
    let folder = Folder::new("alert-mail-login");
    folder.write("home.key", KEY);
    let Some(server) = MailServer::start(&folder, Security::StartTls) else { return };
    let port = free_port();
    let _meter = meter_at(port, &folder, "1");
    folder.write("mail.password", "wrong\n");
    let daemon = Daemon::start(&folder, &house(port, &server, &["anna@example.org"]));
    daemon.wait("three are given up", |daemon| sink(daemon, "anna@example.org")["counters"]["dropped"] == 3);
    let logins = server.lines().iter().filter(|line| line.starts_with("login")).count();
    // Each of the three once, by one mechanism or by two.
    assert!(logins <= 6, "{:?}", server.lines());
    assert!(server.got().is_empty());
    let problems = daemon.health()["problems"].clone();
    let problem = problems.as_array().unwrap().iter().find(|problem| problem["code"] == "alert-undelivered").unwrap();
    assert!(problem["sentence"].as_str().unwrap().contains("refuses user and password"), "{problem}");
}
