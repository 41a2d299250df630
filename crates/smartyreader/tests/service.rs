//! As a service: keys from where systemd puts them, readiness and watchdog, a quick end, a crowd at its port, values that cannot be.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod common;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::net::UnixDatagram;
use std::time::{Duration, Instant};

use common::{Daemon, Folder, KEY, Process, free_port, meter, smartyreader};

#[test]
fn ready_and_watchdog_are_told_to_systemd() {
    let folder = Folder::new("notify");
    let socket = folder.file("notify.sock");
    let listener = UnixDatagram::bind(&socket).unwrap();
    listener.set_read_timeout(Some(Duration::from_secs(15))).unwrap();
    let config = folder.write(
        "test.toml",
        "[source.a]\nkind = \"tcp\"\naddress = \"127.0.0.1:1\"\n[meter.home]\n[store]\npath = \"x.db\"\n[web]\nenabled = false\n",
    );
    let mut daemon =
        Process::start(smartyreader().args(["run", "--config"]).arg(&config).env("NOTIFY_SOCKET", &socket));
    let mut heard = String::new();
    let mut buffer = [0; 4096];
    while !(heard.contains("READY=1") && heard.contains("WATCHDOG=1") && heard.contains("STATUS=")) {
        let read = listener.recv(&mut buffer).unwrap_or_else(|error| panic!("{error}: {heard}"));
        heard += &String::from_utf8_lossy(&buffer[..read]);
    }
    assert!(daemon.terminate() < Duration::from_secs(5));
    let read = listener.recv(&mut buffer).unwrap();
    heard += &String::from_utf8_lossy(&buffer[..read]);
    assert!(heard.contains("STOPPING=1"), "{heard}");
}

#[test]
fn keys_from_a_credential_and_from_the_environment() {
    for (setting, name) in [
        ("key-credential = \"home-key\"", "credential"),
        ("key-env = \"TEST_P1_KEY\"", "environment"),
        // A file that the service may not read: systemd calls it by its folder and its name.
        ("key-file = \"keys/home.key\"", "folder"),
    ] {
        let folder = Folder::new(&format!("key-{name}"));
        let key = folder.write("home-key", KEY);
        folder.write("keys_home.key", KEY);
        let (_meter, source) = meter(&["--speed", "50", "--key-file", key.to_str().unwrap()]);
        let address = format!("127.0.0.1:{}", free_port());
        let config = folder.write(
            "test.toml",
            &format!(
                "[source.a]\nkind = \"tcp\"\naddress = \"{source}\"\n[meter.home]\n{setting}\n[store]\npath = \"x.db\"\n[web]\nlisten = \"{address}\"\n"
            ),
        );
        let process = Process::start(
            smartyreader()
                .args(["run", "--config"])
                .arg(&config)
                .env("CREDENTIALS_DIRECTORY", folder.path())
                .env("TEST_P1_KEY", KEY),
        );
        let daemon = Daemon { process, config, address };
        daemon.wait(name, |daemon| {
            daemon
                .try_get("/api/v1/meters/home/last")
                .is_some_and(|(status, body)| status == 200 && body.contains("\"tag\""))
        });
    }
}

#[test]
fn terminating_writes_what_waits() {
    let folder = Folder::new("flush");
    let key = folder.write("home.key", KEY);
    let (_meter, source) = meter(&["--speed", "200", "--key-file", key.to_str().unwrap()]);
    let mut daemon = Daemon::start(
        &folder,
        &format!(
            "[source.a]\nkind = \"tcp\"\naddress = \"{source}\"\n[meter.home]\nkey-file = \"home.key\"\n[store]\npath = \"test.db\"\nflush = \"600s\"\n"
        ),
    );
    daemon.wait("some telegrams", |daemon| daemon.health()["meters"][0]["telegrams"].as_u64() > Some(20));
    assert_eq!(daemon.health()["store"]["stored"], 0, "nothing counts as stored before it is on the disk");
    let begin = Instant::now();
    daemon.process.terminate();
    assert!(begin.elapsed() < Duration::from_secs(5));
    let (code, out, err) = common::finish(
        smartyreader()
            .args(["export", "--meter", "home", "--resolution", "raw", "--config"])
            .arg(folder.file("test.toml")),
    );
    assert_eq!(code, 0, "{err}");
    assert!(out.lines().count() > 20, "{out}");
}

/// A connection that has said so much.
fn caller(daemon: &Daemon, words: &str) -> TcpStream {
    let mut stream = TcpStream::connect(&daemon.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(40))).unwrap();
    stream.write_all(words.as_bytes()).unwrap();
    stream
}

const LISTEN: &str = "GET /api/v1/live HTTP/1.1\r\nHost: localhost\r\n\r\n";

#[test]
fn connections_that_say_nothing_keep_nobody_out() {
    let folder = Folder::new("crowd");
    let (_meter, source) = meter(&["--speed", "20"]);
    let mut daemon =
        Daemon::start(&folder, &format!("[source.line]\nkind = \"tcp\"\naddress = \"{source}\"\n[meter.home]\n"));
    // What a small machine may allow.
    let few = rustix::process::Rlimit { current: Some(120), maximum: Some(120) };
    let pid = rustix::process::Pid::from_child(&daemon.process.child);
    rustix::process::prlimit(Some(pid), rustix::process::Resource::Nofile, few).unwrap();
    let mut events = BufReader::new(caller(&daemon, LISTEN));
    let mut next = |what: &str| {
        let mut line = String::new();
        while !line.starts_with(what) {
            line.clear();
            assert!(events.read_line(&mut line).unwrap() > 0, "the event stream has ended");
        }
    };
    next("event: reading");
    let half = [
        "G",
        "GET /api/v1/health HTTP/1.1\r\nHost: loc",
        "POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{",
    ];
    let half = half.map(|words| caller(&daemon, words));
    let silent: Vec<TcpStream> = (0..150).map(|_| caller(&daemon, "")).collect();
    assert_eq!(daemon.get("/api/v1/health").0, 200);
    // Who breaks off in the middle is not waited for either; who listens is not sent away.
    let ends = half.map(|mut stream| {
        let mut words = Vec::new();
        // What the daemon has not read when it closes comes back as a reset.
        let _ = stream.read_to_end(&mut words);
        String::from_utf8_lossy(&words).into_owned()
    });
    assert!(ends[2].contains(" 408 ") && ends[2].contains("{\"error\":\"The body"), "{ends:?}");
    for _ in 0..20 {
        next("event: reading");
    }
    drop(silent);
    assert!(daemon.process.terminate() < Duration::from_secs(5), "a listener keeps it from its end");
}

#[test]
fn listeners_leave_places_to_others() {
    let folder = Folder::new("listeners");
    let daemon = Daemon::start(&folder, "[source.x]\nkind = \"tcp\"\naddress = \"127.0.0.1:1\"\n[meter.home]\n");
    let first_line = |stream: TcpStream| {
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        (line.split(' ').nth(1).unwrap().to_string(), stream)
    };
    let listeners: Vec<_> = (0..60).map(|_| first_line(caller(&daemon, LISTEN))).collect();
    let count = |status: &str| listeners.iter().filter(|(got, _)| got == status).count();
    assert_eq!((count("200"), count("503")), (48, 12));
    assert!(daemon.get("/api/v1/live").1["error"].as_str().unwrap().contains("listen"), "in a sentence");
    drop(listeners);
    // Their places are free again.
    daemon.wait("a place", |daemon| first_line(caller(daemon, LISTEN)).0 == "200");
}

#[test]
fn a_register_that_falls_is_put_aside_until_it_is_accepted() {
    let folder = Folder::new("quarantine");
    let key = folder.write("home.key", KEY);
    let (_meter, source) =
        meter(&["--speed", "1000", "--scene", "register-reset", "--key-file", key.to_str().unwrap()]);
    let daemon = Daemon::start(
        &folder,
        &format!("[source.a]\nkind = \"tcp\"\naddress = \"{source}\"\n[meter.home]\nkey-file = \"home.key\"\n"),
    );
    daemon.wait("it is said", |daemon| daemon.problems().contains(&"quarantined".to_string()));
    let listed = daemon.json("/api/v1/meters/home/quarantine");
    let entries = listed["entries"].as_array().unwrap().clone();
    assert!(entries.iter().any(|entry| entry["quantity"] == "energy_import_wh"), "{listed}");
    assert!(entries.iter().all(|entry| entry["value"].as_i64() < entry["previous"].as_i64()), "{listed}");
    // The scene ends; the values that came last are still the doubtful ones.
    std::thread::sleep(Duration::from_millis(500));
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let post = |id: i64, what: &str| {
        let url = format!("http://{}/api/v1/meters/home/quarantine/{id}/{what}", daemon.address);
        agent.post(url).send_empty().unwrap().status().as_u16()
    };
    for entry in &entries {
        assert_eq!(post(entry["id"].as_i64().unwrap(), "accept"), 204);
    }
    assert_eq!(post(999_999, "accept"), 404);
    assert_eq!(daemon.json("/api/v1/meters/home/quarantine")["entries"], serde_json::json!([]));
    daemon.wait("nothing to say any more", |daemon| !daemon.problems().contains(&"quarantined".to_string()));
}
