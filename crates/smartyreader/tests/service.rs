//! As a service: keys from where systemd puts them, readiness and watchdog, a quick end, values that cannot be.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod common;

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
