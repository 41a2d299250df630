//! From the cable to a daemon that reads: asked on a terminal, answered by a file, and what goes wrong on the way.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod common;

use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use common::{Daemon, Folder, KEY, Process, finish, free_port, smartyreader};

/// A virtual meter on a pseudo-terminal: the process and the port.
fn port(folder: &Folder, arguments: &[&str]) -> (Process, PathBuf) {
    let link = folder.file("p1");
    let mut meter = Process::start(
        smartyreader().args(["meter", "--to", "pty", "--speed", "20"]).args(arguments).arg("--link").arg(&link),
    );
    meter.first_line();
    (meter, link)
}

fn sealed(folder: &Folder) -> (Process, PathBuf) {
    let key = folder.write("meter.key", KEY);
    port(folder, &["--key-file", key.to_str().unwrap()])
}

fn setup(folder: &Folder, arguments: &[&str]) -> (i32, String, String) {
    let (code, out, err) = finish(smartyreader().arg("setup").args(arguments).current_dir(folder.path()));
    assert!(!out.contains(KEY) && !err.contains(KEY), "the key is shown:\n{out}{err}");
    (code, out, err)
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_key_is_tried_before_it_is_taken() {
    let folder = Folder::new("setup-key");
    let (_meter, link) = sealed(&folder);
    let link = link.to_str().unwrap();
    for (key, words) in [
        ("5b5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a", &["does not open the telegrams", "serial number ends in"][..]),
        ("00112233445566778899AABBCCDDEEFF", &["public authentication key"]),
        ("5a5a", &["This is no key"]),
    ] {
        folder.write("other.key", key);
        let (code, out, err) = setup(&folder, &["--port", link, "--key-file", "other.key"]);
        assert_eq!(code, 65, "{out}{err}");
        assert!(words.iter().all(|words| err.contains(words)), "{err}");
    }
    assert!(!folder.file("smartyreader.toml").exists() && !folder.file("keys").exists());
    let (code, out, err) = setup(&folder, &["--port", link, "--key-file", "meter.key"]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("A sealed telegram of meter"), "{out}");
    assert_eq!((mode(&folder.file("keys")), mode(&folder.file("keys/home.key"))), (0o700, 0o600));
    assert_eq!(mode(&folder.file("smartyreader.toml")), 0o640);
    let text = std::fs::read_to_string(folder.file("smartyreader.toml")).unwrap();
    assert!(!text.contains(KEY), "{text}");
    let (code, out, err) = finish(smartyreader().args(["check", "-c"]).arg(folder.file("smartyreader.toml")));
    assert_eq!(code, 0, "{out}{err}");
    let (code, _, err) = setup(&folder, &["--port", link, "--key-file", "meter.key"]);
    assert_eq!(code, 73, "an existing configuration is not overwritten: {err}");
}

#[test]
fn answered_by_a_file_up_to_the_page() {
    let folder = Folder::new("setup-answers");
    let (_meter, _link) = sealed(&folder);
    folder.write("page.password", "correct horse\n");
    folder.write("broker.password", "battery staple\n");
    let address = format!("127.0.0.1:{}", free_port());
    folder.write(
        "answers.toml",
        &format!(
            "port = \"p1\"\nkey-file = \"meter.key\"\nname = \"flat-1\"\ntitle = \"Flat \\\"1\\\"\"\nstore = \"kept.db\"\n\
             password-file = \"page.password\"\nlisten = \"{address}\"\n\
             broker = \"mqtt://127.0.0.1:1\"\nbroker-user = \"smarty\"\nbroker-password-file = \"broker.password\"\n"
        ),
    );
    // sudo keeps a strict umask; the service has to read what is written all the same.
    let mut strict = Command::new("sh");
    strict.args(["-c", "umask 077; exec \"$@\"", "sh"]).arg(smartyreader().get_program()).arg("setup");
    strict.args(["--answers", "answers.toml", "--output", "made.toml"]).current_dir(folder.path());
    let (code, out, err) = finish(&mut strict);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains(&format!("http://{address}/")), "{out}");
    assert_eq!((mode(&folder.file("made.toml")), mode(&folder.file("keys/flat-1.key"))), (0o640, 0o600));
    let text = std::fs::read_to_string(folder.file("made.toml")).unwrap();
    for secret in [KEY, "correct horse", "battery staple"] {
        assert!(!text.contains(secret) && !out.contains(secret), "{text}");
    }
    let (code, checked, err) = finish(smartyreader().args(["check", "--config"]).arg(folder.file("made.toml")));
    assert_eq!(code, 0, "{checked}{err}");

    let process = Process::start(smartyreader().args(["run", "--config"]).arg(folder.file("made.toml")));
    let daemon = Daemon { process, config: folder.file("made.toml"), address };
    daemon.wait("the page asks for its password", |daemon| {
        daemon.try_get("/api/v1/meters/flat-1/last").is_some_and(|(status, _)| status == 401)
    });
    daemon.wait("telegrams are kept", |daemon| {
        let (code, out, _) = finish(smartyreader().args(["status", "--config"]).arg(&daemon.config));
        code == 0 && out.contains("Flat \"1\"") || out.contains("flat-1")
    });
    assert!(folder.file("kept.db").exists());
}

/// Types into a terminal, as somebody does over ssh: each answer when its question is there.
fn typed(folder: &Folder, arguments: &str, answers: &[(&str, &str)]) -> String {
    let command = format!("{} setup {arguments}", env!("CARGO_BIN_EXE_smartyreader"));
    let mut child = Command::new("script")
        .args(["--quiet", "--return", "--command", &command, "/dev/null"])
        .env("SSH_CONNECTION", "192.0.2.1 50000 192.0.2.2 22")
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut keyboard, mut screen) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let (mut seen, mut from, mut byte) = (Vec::new(), 0, [0]);
    for (question, answer) in answers {
        while !String::from_utf8_lossy(&seen[from..]).contains(question) {
            assert_eq!(screen.read(&mut byte).unwrap(), 1, "no {question}: {}", String::from_utf8_lossy(&seen));
            seen.push(byte[0]);
        }
        from = seen.len();
        // The echo goes off behind the question.
        std::thread::sleep(std::time::Duration::from_millis(200));
        keyboard.write_all(format!("{answer}\n").as_bytes()).unwrap();
    }
    screen.read_to_end(&mut seen).unwrap();
    let seen = String::from_utf8_lossy(&seen).into_owned();
    assert!(child.wait().unwrap().success(), "{seen}");
    seen
}

#[test]
fn asked_on_a_terminal_nothing_secret_is_shown() {
    let folder = Folder::new("setup-typed");
    let (_meter, _link) = sealed(&folder);
    let seen = typed(
        &folder,
        "--port p1",
        &[
            ("it is not shown", "5b5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"),
            ("it is not shown", KEY),
            ("Which [2]", ""),
            ("Password", "correct horse"),
            ("Once more", "correct horse"),
        ],
    );
    assert!(seen.contains("does not open the telegrams") && seen.contains("The key opens"), "{seen}");
    for secret in [KEY, "5b5a5a", "correct horse"] {
        assert!(!seen.contains(secret), "{secret} is shown:\n{seen}");
    }
    let config = std::fs::read_to_string(folder.file("smartyreader.toml")).unwrap();
    assert!(config.contains("listen = \"0.0.0.0:8090\"") && config.contains("$argon2id$"), "{config}");

    let seen = typed(
        &folder,
        "--port p1 --key-file meter.key --output broker.toml",
        &[
            ("Which [2]", "7"),
            ("from 1 to 3", "3"),
            ("The broker", "mqtt://broker.lan"),
            ("name at the broker", "smarty"),
            ("it is not shown", "battery staple"),
        ],
    );
    assert!(!seen.contains("battery staple"), "{seen}");
    assert_eq!(std::fs::read_to_string(folder.file("keys/broker.password")).unwrap(), "battery staple\n");
    let config = std::fs::read_to_string(folder.file("broker.toml")).unwrap();
    assert!(config.contains("broker = \"mqtt://broker.lan\"") && config.contains("user = \"smarty\""), "{config}");
}

#[test]
fn a_port_without_telegrams_is_told_by_the_doctor() {
    let folder = Folder::new("setup-doctor");
    let (code, out, err) = setup(&folder, &["--port", "/dev/nowhere", "--listen", "1"]);
    assert_eq!(code, 69, "{out}{err}");
    assert!(out.contains("/dev/nowhere") && out.contains("does not exist"), "{out}");
    folder.write("lines.bin", &"1-0:1.8.0(000123.456*kWh)\r\n".repeat(20));
    let lines = folder.file("lines.bin");
    let (_meter, link) = port(&folder, &["--capture", lines.to_str().unwrap(), "--delay", "2"]);
    let (code, out, err) = setup(&folder, &["--port", link.to_str().unwrap(), "--listen", "4"]);
    assert_eq!(code, 69, "{out}{err}");
    assert!(out.contains("no telegram begins in them"), "{out}");
}

#[test]
fn wrong_answers_are_sentences() {
    let folder = Folder::new("setup-wrong");
    let (_meter, _link) = sealed(&folder);
    for (answers, exit, words) in [
        ("prot = \"p1\"\n", 78, "port"),
        ("port = \"p1\"\n", 64, "write `key-file = …` into the answers"),
        ("port = \"p1\"\nkey-file = \"none.key\"\n", 66, "none.key cannot be read"),
        ("port = \"p1\"\nkey-file = \"meter.key\"\nname = \"Flat 1\"\n", 64, "use small letters"),
        ("port = \"p1\"\nkey-file = \"meter.key\"\nbroker = \"broker.lan\"\n", 78, "broker"),
        ("port = \"p1\"\nkey-file = \"meter.key\"\npassword-file = \"short\"\n", 64, "at least 8 characters"),
    ] {
        folder.write("short", "short\n");
        folder.write("answers.toml", answers);
        let (code, out, err) = setup(&folder, &["--answers", "answers.toml"]);
        assert_eq!(code, exit, "{answers}{out}{err}");
        assert!(err.contains(words), "{words}: {err}");
        assert!(!folder.file("smartyreader.toml").exists(), "{answers}");
    }
}

#[test]
fn a_plain_meter_needs_no_key() {
    let folder = Folder::new("setup-plain");
    let (_meter, _link) = port(&folder, &[]);
    folder.write("answers.toml", "port = \"p1\"\n");
    let (code, out, err) = setup(&folder, &["--answers", "answers.toml"]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("no key is needed"), "{out}");
    assert!(!folder.file("keys").exists());
}
