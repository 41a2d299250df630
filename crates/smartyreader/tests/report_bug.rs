//! A bug report: it says what helps, and no secret, name or identifier is in it.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod common;

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use common::{Daemon, Folder, KEY, finish, meter, smartyreader};
use smarty_store::Reader;

fn report(folder: &Folder, name: &str, config: &Path) -> String {
    let file = folder.file(name);
    let (code, out, err) =
        finish(smartyreader().args(["report-bug", "--listen", "2", "--config"]).arg(config).arg("--output").arg(&file));
    assert_eq!(code, 0, "{out}{err}");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let (code, _, err) = finish(smartyreader().args(["report-bug", "--output"]).arg(&file));
    assert_eq!(code, 73, "a report is not overwritten");
    assert!(err.contains("is there already; name another one with --output"), "{err}");
    std::fs::read_to_string(file).unwrap()
}

/// What must not be in it, however it is written.
fn clean(report: &str, secrets: &[String]) {
    let report = report.to_lowercase();
    for secret in secrets.iter().map(|secret| secret.to_lowercase()).filter(|secret| secret.chars().count() > 3) {
        let hex = secret.bytes().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
        assert!(!report.contains(&secret), "{secret} is in\n{report}");
        assert!(!report.contains(&hex), "{secret} is in hex in\n{report}");
    }
}

#[test]
fn no_secret_and_no_identifier() {
    let folder = Folder::new("report-bug");
    let key = folder.write("miller.key", KEY);
    folder.write("broker.password", "battery staple");
    folder.write("token", "tank-token-of-miller");
    let (_meter, source) = meter(&[
        "--speed",
        "200",
        "--profile",
        "luxembourg",
        "--device",
        "gas",
        "--device",
        "water",
        "--key-file",
        key.to_str().unwrap(),
    ]);
    let hash = "$argon2id$v=19$m=19456,t=2,p=1$Y2F0Y2F0Y2F0Y2F0$2Kj6yxAbCdEfGhIjKlMnOpQrStUvWxYz0123456789A";
    let text = format!(
        "[source.millers-cable]\nkind = \"tcp\"\naddress = \"{source}\"\n\
         [source.attic]\nkind = \"serial\"\ndevice = \"/dev/serial/by-id/usb-FTDI_A1B2C3D4\"\n\
         [source.inverter]\nkind = \"http\"\nurl = \"http://secretword.inverter.miller.lan/data?token=abcdef99\"\ntoken-file = \"token\"\n\
         [meter.miller]\nsource = \"millers-cable\"\ntitle = \"Family Miller\"\nkey-file = \"miller.key\"\n\
         [meter.miller.devices]\nG0012345678 = \"Millers stove\"\n\
         [meter.grandma]\nsource = \"attic\"\nequipment = [\"SAG1030700089067\"]\nauthentication-key = \"0badc0de0badc0de0badc0de0badc0de\"\n\
         [mqtt.millers-broker]\nbroker = \"mqtt://broker.miller.lan\"\nuser = \"mister\"\npassword-file = \"broker.password\"\n\
         [mail]\nserver = \"mail.miller.lan\"\nfrom = \"p1@miller.lan\"\n\
         [store]\npath = \"millers.db\"\n"
    );
    let address = format!("127.0.0.1:{}", common::free_port());
    let text = format!("{text}[web]\nlisten = \"{address}\"\npassword-hash = \"{hash}\"\nauth = \"none\"\n");
    let config = folder.write("test.toml", &text);
    let mut daemon = Daemon::start_with(config.clone(), address.clone());
    daemon.wait("telegrams, and a message from the operator", |daemon| {
        daemon.health()["store"]["stored"].as_u64() > Some(400)
    });
    let running = report(&folder, "running.txt", &config);
    daemon.process.terminate();
    let stopped = report(&folder, "stopped.txt", &config);

    let mut secrets: Vec<String> = [
        KEY,
        "battery",
        "A1B2C3",
        "secretword",
        "abcdef99",
        "tank-token",
        "Family",
        "Miller",
        "Millers",
        "stove",
        "grandma",
        "attic",
        "inverter",
        "00123456",
        "SAG10307",
        "0badc0de",
        "mister",
        ".lan",
        "argon2",
        "Y2F0",
        "2Kj6yx",
        "/dev",
        "/tmp",
        &address,
        &source,
    ]
    .map(str::to_string)
    .to_vec();
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    secrets.push(name);
    let reader = Reader::open(folder.file("millers.db")).unwrap();
    let texts = reader.texts("miller").unwrap();
    assert!(texts.len() > 3, "{texts:?}");
    secrets.extend(texts.into_iter().map(|text| text.value).filter(|value| value.len() > 5));
    let equipment: Vec<String> =
        reader.meters().unwrap().into_iter().flat_map(|meter| meter.segments).map(|one| one.equipment).collect();
    assert!(!equipment.is_empty());
    // The serial number alone, too.
    secrets.extend(equipment.iter().map(|equipment| equipment[equipment.len() - 6..].to_string()));
    secrets.extend(equipment);
    for text in [&running, &stopped] {
        clean(text, &secrets);
        for words in [
            concat!("smartyreader ", env!("CARGO_PKG_VERSION")),
            "kernel ",
            "source.source-3.kind = \"tcp\"",
            "meter.meter-2.key-file = (a text)",
            "Last telegram of meter-2",
            "energy_import_wh ",
            "letters",
        ] {
            assert!(text.contains(words), "{words}\n{text}");
        }
    }
    for words in ["problem device-missing (failing) of source-1", "frames ", "telegrams, proof tag", "store: ok"] {
        assert!(running.contains(words), "{words}\n{running}");
    }
    assert!(stopped.contains("the doctor: device-missing") && stopped.contains("good telegrams"), "{stopped}");
}

#[test]
fn one_name_of_several_things_is_told_apart() {
    let folder = Folder::new("report-bug-names");
    let config = folder.write(
        "names.toml",
        "[source.roof]\nkind = \"mqtt\"\nbroker = \"house\"\n[source.house]\nkind = \"stdin\"\n\
         [meter.home]\nsource = \"house\"\n[meter.roof]\nsource = \"roof\"\n\
         [group.house]\nadd = [\"home\", \"roof\"]\n[mqtt.house]\nbroker = \"mqtt://127.0.0.1\"\n",
    );
    let report = report(&folder, "names.txt", &config);
    for words in [
        "source.source-2.broker = mqtt-1",
        "meter.meter-1.source = source-1",
        "meter.meter-2.source = source-2",
        "group.group-1.add = [meter-1, meter-2]",
        "mqtt.mqtt-1.broker = (a text)",
    ] {
        assert!(report.contains(words), "{words}\n{report}");
    }
}

#[test]
fn who_asks_root_for_a_report_may_read_it() {
    let folder = Folder::new("report-bug-sudo");
    let file = folder.file("report.txt");
    let mut command = smartyreader();
    command.args(["report-bug", "--config", "none.toml", "--output"]).arg(&file).current_dir(folder.path());
    let (code, _, err) = finish(command.env("SUDO_UID", "65534").env("SUDO_GID", "65534"));
    assert_eq!(code, 0, "{err}");
    if rustix::process::getuid().is_root() {
        let made = std::fs::metadata(&file).unwrap();
        assert_eq!((made.uid(), made.gid(), made.mode() & 0o777), (65_534, 65_534, 0o600));
    }
}

#[test]
fn a_configuration_that_is_wrong_is_reported_all_the_same() {
    let folder = Folder::new("report-bug-wrong");
    for (name, text, words) in [
        ("toml.toml", "[meter.miller\nkey = \"secret\"\n", "it is no TOML"),
        ("refused.toml", "[meter.miller]\nkye-file = \"miller.key\"\n", "it is refused"),
    ] {
        let config = folder.write(name, text);
        let report = report(&folder, &format!("{name}.txt"), &config);
        assert!(report.contains(words), "{report}");
        clean(&report, &["miller".into(), "secret".into()]);
    }
    let report = report(&folder, "none.txt", &folder.file("none.toml"));
    assert!(report.contains("cannot be read: entity not found"), "{report}");
}
