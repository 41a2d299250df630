//! Reports through a real mail server: STARTTLS, TLS, login; once for everybody; and every way in which it can fail.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod common;

use std::io::Read as _;
use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant};

use common::days::{fill, yesterday};
use common::mail::{MailServer, PASSWORD, Security};
use common::{Daemon, Folder, finish, smartyreader};
use serde_json::Value;

const HOUSE: &str = "[source.nothing]\nkind = \"tcp\"\naddress = \"127.0.0.1:1\"\n[meter.home]\ntitle = \"Home\"\n\
     [report]\nat = \"00:05\"\n";

/// A house with two days behind it, and reports to these addresses.
fn house(server: &MailServer, to: &[&str]) -> String {
    format!("{HOUSE}to = {to:?}\n{}", server.settings())
}

fn filled(name: &str) -> Folder {
    let folder = Folder::new(name);
    fill(&folder, "home", yesterday(), 2, None);
    folder
}

/// What became of each mail of yesterday's report.
fn note(folder: &Folder) -> Value {
    let path = folder.file("reports").join(format!("{}.sent", yesterday()));
    serde_json::from_slice(&std::fs::read(&path).unwrap_or_default()).unwrap_or(Value::Null)
}

fn mail_sink(daemon: &Daemon) -> Value {
    let health = daemon.health();
    let sinks = health["sinks"].as_array().unwrap();
    sinks.iter().find(|sink| sink["kind"] == "mail").cloned().unwrap_or(Value::Null)
}

fn nothing_secret(log: &str) {
    assert!(!log.contains(PASSWORD) && !log.contains("staple"), "{log}");
}

#[test]
fn with_starttls_and_login_everybody_gets_it_once_and_a_restart_sends_nothing_again() {
    let folder = filled("mail-once");
    let Some(server) = MailServer::start(&folder, Security::StartTls) else { return };
    let to = ["anna@example.org", "bob@example.org", "carl@example.org"];
    let mut daemon = Daemon::start(&folder, &house(&server, &to));
    server.wait_for_mails(3);
    daemon.wait("all are noted", |_| note(&folder)["to"]["carl@example.org"]["sent"].is_i64());
    assert_eq!(server.got(), to);
    daemon.wait("the sink waits", |daemon| mail_sink(daemon)["state"] == "waiting");
    let sink = mail_sink(&daemon);
    assert_eq!((&sink["queued"], &sink["counters"]["sent"]), (&0.into(), &3.into()), "{sink}");
    let logins = server.lines().iter().filter(|line| line.starts_with("login")).count();
    assert_eq!(logins, 1, "one connection for all: {:?}", server.lines());
    daemon.process.terminate();

    let daemon = Daemon::start_with(daemon.config.clone(), daemon.address.clone());
    daemon.wait("it has looked", |daemon| mail_sink(daemon)["state"] == "waiting");
    // It looks at once, and again every five seconds.
    std::thread::sleep(Duration::from_secs(6));
    assert_eq!(server.got().len(), 3, "{:?}", server.lines());
    nothing_secret(&daemon.process.log());
}

#[test]
fn killed_in_between_it_goes_on_with_those_who_have_not_got_it() {
    let folder = filled("mail-kill");
    let Some(mut server) = MailServer::prepare(&folder, Security::StartTls) else { return };
    server.go(&["--later", "bob@example.org"]);
    let to = ["anna@example.org", "bob@example.org", "carl@example.org"];
    let mut daemon = Daemon::start(&folder, &house(&server, &to));
    server.wait_for_mails(2);
    daemon.wait("it is noted", |_| note(&folder)["to"]["carl@example.org"]["sent"].is_i64());
    assert_eq!(note(&folder)["to"]["bob@example.org"], "owed");
    daemon.wait("it is said", |daemon| daemon.problems().contains(&"mail-away".to_string()));
    let health = daemon.health();
    let sentence = health["problems"][0]["sentence"].as_str().unwrap().to_string()
        + health["problems"][1]["sentence"].as_str().unwrap_or_default();
    assert!(sentence.contains("bob@example.org") && sentence.contains("greylisted"), "{sentence}");
    daemon.process.kill();

    server.go(&[]);
    let _daemon = Daemon::start_with(daemon.config.clone(), daemon.address.clone());
    server.wait_for_mails(3);
    assert_eq!(server.got(), ["anna@example.org", "carl@example.org", "bob@example.org"]);
}

#[test]
fn with_tls_and_without() {
    for security in [Security::Tls, Security::None] {
        let folder = filled(&format!("mail-{security:?}"));
        let Some(server) = MailServer::start(&folder, security) else { return };
        let config = folder.write(
            "test.toml",
            &format!("{}\n[store]\npath = \"test.db\"\n", house(&server, &["Anna <anna@example.org>"])),
        );
        let (code, out, err) = finish(smartyreader().args(["report", "--send-test", "--config"]).arg(&config));
        assert_eq!((code, err.as_str()), (0, ""), "{security:?}: {out}");
        assert!(out.contains("has taken it"), "{out}");
        server.wait_for_mails(1);
        assert_eq!(server.got(), ["anna@example.org"]);
        assert!(server.source(1).contains("Subject: Test: "), "{}", server.source(1));
    }
}

/// What `--send-test` says when something is changed in the settings.
fn refused(folder: &Folder, server: &MailServer, change: impl Fn(String) -> String) -> (i32, String) {
    let text = format!("{}\n[store]\npath = \"test.db\"\n", house(server, &["anna@example.org"]));
    let config = folder.write("test.toml", &change(text));
    let begin = Instant::now();
    let (code, out, err) = finish(smartyreader().args(["report", "--send-test", "--config"]).arg(&config));
    assert!(begin.elapsed() < Duration::from_secs(20), "{out}{err}");
    nothing_secret(&(out.clone() + &err));
    (code, out + &err)
}

#[test]
fn every_refusal_has_its_sentence() {
    let folder = filled("mail-refused");
    let Some(mut server) = MailServer::start(&folder, Security::StartTls) else { return };
    folder.write("wrong.password", "incorrect horse\n");
    let port = server.port.to_string();
    let closed = common::free_port().to_string();
    let cases: [(&str, &str, &str, &str); 6] = [
        (
            "password-file = \"mail.password\"",
            "password-file = \"wrong.password\"",
            "refuses user and password: 535",
            "",
        ),
        ("ca-file = \"ca.pem\"", "ca-file = \"foreign-ca.pem\"", "its certificate is not believed", "certificate"),
        ("localhost:", "127.0.0.1:", "its certificate is not believed", ""),
        ("security = \"starttls\"", "security = \"tls\"", "it does not speak TLS on this port", ""),
        (&port, &closed, "nothing listens there", ""),
        ("localhost:", "nowhere.invalid:", "nowhere.invalid", ""),
    ];
    for (from, to, words, more) in cases {
        let (code, said) = refused(&folder, &server, |text| text.replace(from, to));
        assert_eq!(code, 69, "{to}: {said}");
        assert!(said.contains(words) && said.contains(more), "{to}: {said}");
    }
    assert_eq!(server.got(), [""; 0], "nothing went out");
    // The login must not have gone to a server that cannot be believed.
    let logins: Vec<String> = server.lines().into_iter().filter(|line| line.starts_with("login")).collect();
    assert_eq!(logins, ["login meter@example.org no"]);

    server.go(&["--refuse", "anna@example.org"]);
    let (code, said) = refused(&folder, &server, |text| text);
    assert_eq!(code, 69);
    assert!(said.contains("anna@example.org: the server does not take it: 550 5.1.1 no such user here"), "{said}");
}

#[test]
fn without_starttls_no_password_goes_out() {
    let folder = filled("mail-plain");
    let Some(mut server) = MailServer::prepare(&folder, Security::StartTls) else { return };
    // Somebody on the way takes STARTTLS out of the server's answer.
    server.security = Security::None;
    server.go(&["--user", common::mail::USER, "--password", PASSWORD]);
    server.security = Security::StartTls;
    let (code, said) = refused(&folder, &server, |text| text);
    assert_eq!(code, 69);
    assert!(said.contains("it offers no STARTTLS"), "{said}");
    assert!(!server.lines().iter().any(|line| line.starts_with("login")), "{:?}", server.lines());
}

#[test]
fn a_refused_login_is_said_and_not_tried_again_and_again() {
    let folder = filled("mail-login");
    let Some(server) = MailServer::start(&folder, Security::StartTls) else { return };
    folder.write("mail.password", "incorrect horse\n");
    let daemon = Daemon::start(&folder, &house(&server, &["anna@example.org"]));
    daemon.wait("it is said", |daemon| daemon.problems().contains(&"mail-login".to_string()));
    std::thread::sleep(Duration::from_secs(12));
    let logins = server.lines().iter().filter(|line| line.starts_with("login")).count();
    assert_eq!(logins, 1, "servers lock users out");
    assert_eq!(note(&folder)["to"]["anna@example.org"], "owed");
    let (_, out, _) = daemon.status();
    assert!(out.contains("[mail-login]") && out.contains("535"), "{out}");
}

#[test]
fn a_wrong_address_keeps_nobody_else_from_getting_theirs() {
    let folder = filled("mail-address");
    let Some(mut server) = MailServer::prepare(&folder, Security::StartTls) else { return };
    server.go(&["--refuse", "bob@example.org"]);
    let to = ["anna@example.org", "bob@example.org", "carl@example.org"];
    let daemon = Daemon::start(&folder, &house(&server, &to));
    server.wait_for_mails(2);
    daemon.wait("it is said", |daemon| daemon.problems().contains(&"mail-refused".to_string()));
    assert_eq!(server.got(), ["anna@example.org", "carl@example.org"]);
    assert_eq!(mail_sink(&daemon)["queued"], 1);
}

#[test]
fn a_server_that_is_away_gets_it_when_it_is_back() {
    let folder = filled("mail-away");
    let Some(mut server) = MailServer::prepare(&folder, Security::StartTls) else { return };
    let daemon = Daemon::start(&folder, &house(&server, &["anna@example.org"]));
    daemon.wait("it is said", |daemon| daemon.problems().contains(&"mail-away".to_string()));
    assert_eq!(mail_sink(&daemon)["state"], "away");
    let page = daemon.try_get(&format!("/reports/{}.html", yesterday())).unwrap();
    assert_eq!(page.0, 200, "the report is kept meanwhile");
    server.go(&[]);
    server.wait_for_mails(1);
    daemon.wait("it is over", |daemon| !daemon.problems().contains(&"mail-away".to_string()));
}

#[test]
fn a_server_that_hangs_holds_nothing_up() {
    let folder = filled("mail-hang");
    // Takes the connection and says nothing.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (gone, heard) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            let gone = gone.clone();
            std::thread::spawn(move || {
                let _ = client.read_to_end(&mut Vec::new());
                let _ = gone.send(());
            });
        }
    });
    let mail = format!(
        "[mail]\nserver = \"127.0.0.1:{port}\"\nsecurity = \"none\"\nfrom = \"meter@example.org\"\ntimeout = \"2s\"\n"
    );
    let mut daemon = Daemon::start(&folder, &format!("{HOUSE}to = [\"anna@example.org\"]\n{mail}"));
    daemon.wait("it is sent", |daemon| mail_sink(daemon)["state"] == "sending");
    let begin = Instant::now();
    assert_eq!(daemon.get("/api/v1/meters").0, 200);
    assert!(begin.elapsed() < Duration::from_secs(2), "the page waits for the mail server");
    daemon.wait("it is said", |daemon| daemon.problems().contains(&"mail-away".to_string()));
    let (_, out, _) = daemon.status();
    assert!(out.contains("no answer"), "{out}");
    heard.recv_timeout(Duration::from_secs(5)).expect("the connection is closed");
    assert!(daemon.process.terminate() < Duration::from_secs(3), "and it ends at once");
}

#[test]
fn what_cannot_be_sent_for_days_is_given_up_and_said() {
    let folder = filled("mail-late");
    let Some(server) = MailServer::start(&folder, Security::StartTls) else { return };
    let old = yesterday().before(5);
    let made = jiff::Timestamp::now().as_second() - 4 * 86_400;
    std::fs::create_dir_all(folder.file("reports")).unwrap();
    let path = folder.file("reports").join(format!("{old}.sent"));
    std::fs::write(&path, format!("{{\"made\":{made},\"to\":{{\"anna@example.org\":\"owed\"}}}}")).unwrap();
    // Of one who is not in the configuration any more.
    let other = folder.file("reports").join(format!("{}.sent", yesterday().before(1)));
    std::fs::write(&other, format!("{{\"made\":{},\"to\":{{\"zoe@example.org\":\"owed\"}}}}", made + 3 * 86_400))
        .unwrap();
    let daemon = Daemon::start(&folder, &house(&server, &["anna@example.org"]));
    server.wait_for_mails(1);
    let read = |path: &Path| -> Value { serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap() };
    daemon.wait("it is noted", |_| note(&folder)["to"]["anna@example.org"]["sent"].is_i64());
    assert_eq!(read(&path)["to"]["anna@example.org"]["given-up"], "not sent for 4\u{a0}d");
    assert_eq!(read(&other)["to"]["zoe@example.org"]["given-up"], "not in `to` any more");
    daemon.logs("report-given-up");
    assert_eq!(server.got(), ["anna@example.org"], "yesterday's, and nobody else");
}

#[test]
fn a_meter_that_was_never_heard_has_no_report() {
    let folder = Folder::new("mail-never");
    let Some(server) = MailServer::start(&folder, Security::StartTls) else { return };
    let daemon = Daemon::start(&folder, &house(&server, &["anna@example.org"]));
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(server.got(), [""; 0]);
    assert_eq!(mail_sink(&daemon)["queued"], 0);
    assert!(!folder.file("reports").exists());
}
