//! What is wrong in a configuration, as `check` and `run` say it.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod common;

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt as _;

use common::{Daemon, Folder, KEY, finish, meter, smartyreader};

/// What `check` says of a configuration, and its exit code.
fn check(folder: &Folder, text: &str) -> (i32, String) {
    let config = folder.write("checked.toml", text);
    let (code, out, err) = finish(smartyreader().args(["check", "--config"]).arg(&config));
    (code, out + &err)
}

/// Settings of the meter `bad` that make its key unusable.
const BAD_KEYS: [&str; 4] = [
    "key-file = \"home.key\"\nauthentication-key = \"zz\"",
    "key-file = \"home.key\"\nkey-env = \"HOME_KEY\"",
    "key-file = \"nowhere.key\"",
    "authentication-key = \"zz\"",
];

#[test]
fn a_wrong_key_keeps_no_other_meter_from_being_read() {
    let folder = Folder::new("keys");
    let key = folder.write("home.key", KEY);
    let (_meter, source) = meter(&["--speed", "20", "--key-file", key.to_str().unwrap()]);
    for bad in BAD_KEYS {
        let text = format!(
            "[source.good]\nkind = \"tcp\"\naddress = \"{source}\"\n[meter.good]\nsource = \"good\"\nkey-file = \"home.key\"\n\
             [source.bad]\nkind = \"tcp\"\naddress = \"127.0.0.1:1\"\n[meter.bad]\nsource = \"bad\"\n{bad}\n"
        );
        let (code, said) = check(&folder, &text);
        assert_eq!(code, 78, "{bad}: {said}");
        assert!(said.contains("x meter bad: ") && said.contains("one thing has to be put right"), "{bad}: {said}");
        let daemon = Daemon::start(&folder, &text);
        daemon.wait("the other is read", |daemon| daemon.get("/api/v1/meters/good/last").1["time"].is_i64());
        let health = daemon.health();
        let problems = health["problems"].as_array().unwrap();
        assert!(
            problems.iter().any(|problem| problem["code"] == "key-unusable" && problem["subject"] == "meter bad"),
            "{bad}: {health}"
        );
    }
}

#[test]
fn an_address_that_can_never_work_is_said() {
    let folder = Folder::new("addresses");
    let house = |address: &str, more: &str| {
        format!("[source.cable]\nkind = \"tcp\"\naddress = \"{address}\"\n[meter.home]\n{more}\n")
    };
    for good in ["127.0.0.1:2001", "ser2net.lan:2001", "[::1]:2001"] {
        let (code, said) = check(&folder, &house(good, ""));
        assert_eq!(code, 0, "{said}");
    }
    for wrong in ["foo", "", ":2001", "foo:", "foo:0", "foo:70000", "foo:serial", "tcp://foo:2001", "a host:2001"] {
        let (code, said) = check(&folder, &house(wrong, ""));
        assert_eq!(code, 78, "{wrong}: {said}");
        let sentence = format!("x source cable: `address` is a host and a port, not \"{wrong}\"; write it like \"");
        assert!(said.contains(&sentence), "{wrong}: {said}");
    }
    for (more, sentence) in [
        ("[mqtt.house]\nbroker = \"mqtt://foo:0\"", "write it like \"mqtt://192.168.1.10\""),
        ("[mqtt.house]\nbroker = \"mqtt://a host\"", "write it like \"mqtt://192.168.1.10\""),
        ("[mail]\nserver = \"foo:0\"\nfrom = \"a@example.org\"", "write it like \"mail.example.org:587\""),
        ("[log]\nudp = \"foo\"", "[log]: `udp` is a host and a port, not \"foo\"; write it like \"192.168.1.5:6666\""),
        (
            "[web]\nlisten = \"localhost:8090\"",
            "\"localhost:8090\" is no number of an address and a port to listen on; write it like \"127.0.0.1:8090\"",
        ),
        (
            "[telegram-server.clear]\nlisten = \"2018\"",
            "\"2018\" is no number of an address and a port to listen on; write it like \"127.0.0.1:8090\"",
        ),
    ] {
        let (code, said) = check(&folder, &house("127.0.0.1:2001", more));
        assert_eq!(code, 78, "{more}: {said}");
        assert!(said.contains(sentence), "{more}: {said}");
    }
}

#[test]
fn who_may_not_read_the_configuration_is_told_so() {
    let folder = Folder::new("forbidden");
    let config = folder.write("test.toml", "[source.cable]\nkind = \"stdin\"\n[meter.home]\n");
    let verbs: [&[&str]; 4] = [&["check"], &["status"], &["costs"], &["export", "--meter", "home"]];
    for verb in verbs {
        let (code, _, err) = finish(smartyreader().args(verb).arg("--config").arg(folder.file("nowhere.toml")));
        assert_eq!(code, 66, "{verb:?}: {err}");
        assert!(err.contains("nowhere.toml; `smartyreader setup` writes one"), "{verb:?}: {err}");
    }
    std::fs::set_permissions(&config, PermissionsExt::from_mode(0o000)).unwrap();
    for verb in verbs {
        let mut command = smartyreader();
        if rustix::process::getuid().is_root() {
            command.uid(65_534).gid(65_534);
        }
        let (code, _, err) = finish(command.args(verb).arg("--config").arg(&config));
        assert_eq!(code, 77, "{verb:?}: {err}");
        assert!(err.contains("this user may not read the configuration"), "{verb:?}: {err}");
        assert!(err.contains("try with sudo") && !err.contains("setup"), "{verb:?}: {err}");
    }
    // A folder is there, and is none.
    let (code, _, err) = finish(smartyreader().args(["check", "--config"]).arg(folder.path()));
    assert_eq!(code, 66, "{err}");
    assert!(err.contains("cannot be read: ") && !err.contains("setup"), "{err}");
}
