//! From every version to this one, by itself; and back only with a sentence.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod common;

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use common::{Daemon, Folder, KEY, finish, free_port, smartyreader};
use serde_json::Value;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/versions")
}

/// What each version left behind: a folder each.
fn versions() -> Vec<PathBuf> {
    let folder = fixtures();
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.is_dir());
    found.sort();
    assert!(!found.is_empty(), "nothing is kept: this test has lost its object");
    found
}

/// Puts the files of a version into a folder: the configuration, and where its page will be.
fn unpack(version: &Path, folder: &Folder) -> (PathBuf, String) {
    folder.write("home.key", KEY);
    let database = std::fs::File::create(folder.file("store.db")).unwrap();
    let mut gzip = Command::new("gzip");
    gzip.arg("-dc").arg(version.join("store.db.gz")).stdout(Stdio::from(database));
    assert!(gzip.status().unwrap().success());
    let address = format!("127.0.0.1:{}", free_port());
    let text = std::fs::read_to_string(version.join("smartyreader.toml")).unwrap();
    (folder.write("smartyreader.toml", &text.replace("127.0.0.1:8090", &address)), address)
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Everything that the old version said is still said; there may be more. What was running then is over by now.
fn agree(kept: &[Value], now: &[Value], what: &str) {
    assert_eq!(kept.len(), now.len(), "{what}");
    for (kept, now) in kept.iter().zip(now) {
        let ran = kept["running"] == true;
        for (name, value) in kept.as_object().unwrap() {
            if ran && ["running", "complete"].contains(&name.as_str()) {
                assert_eq!((&now["running"], &now["complete"]), (&Value::Null, &false.into()), "{what}");
                continue;
            }
            assert_eq!(&now[name], value, "{what}: {name}");
        }
    }
}

/// The version of the schema; it may stand in the log beside the file still.
fn schema(database: &Path) -> i64 {
    let connection = rusqlite::Connection::open(database).unwrap();
    connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
}

/// What the kept file `METER-RESOLUTION.jsonl` says is said today, too.
fn agrees(kept: &Path, config: &Path) {
    let name = kept.file_stem().unwrap().to_string_lossy().into_owned();
    let (meter, what) = name.split_once('-').unwrap();
    let resolution = what.strip_suffix("-ends").unwrap_or(what);
    let arguments = ["export", "--meter", meter, "--format", "jsonl", "--resolution", resolution, "--config"];
    let (code, out, err) = finish(smartyreader().args(arguments).arg(config));
    assert_eq!(code, 0, "{name}: {err}");
    let mut now = lines(&out);
    if resolution != what {
        now = vec![now[0].clone(), now[now.len() - 1].clone()];
    }
    agree(&lines(&std::fs::read_to_string(kept).unwrap()), &now, &name);
}

#[test]
fn every_version_comes_along_by_itself() {
    for version in versions() {
        let name = version.file_name().unwrap().to_string_lossy().into_owned();
        let folder = Folder::new(&format!("upgrade-{name}"));
        let (config, address) = unpack(&version, &folder);
        let (code, out, err) = finish(smartyreader().args(["check", "--config"]).arg(&config));
        assert_eq!(code, 0, "{name}: {out}{err}");
        let database = folder.file("store.db");
        let before = std::fs::read(&database).unwrap();
        let old = schema(&database);
        let copy = folder.file(&format!("store.db.version-{old}"));
        let mut copied = None;
        for start in 0..2 {
            let mut daemon = Daemon::start_with(config.clone(), address.clone());
            daemon.process.terminate();
            assert_eq!(copy.exists(), schema(&database) != old, "{name}: a copy is there where something was changed");
            if copy.exists() {
                let bytes = std::fs::read(&copy).unwrap();
                assert!(copied.get_or_insert_with(|| bytes.clone()) == &bytes, "start {start} made the copy anew");
            }
        }
        let kept: Vec<PathBuf> = std::fs::read_dir(&version).unwrap().map(|entry| entry.unwrap().path()).collect();
        let kept: Vec<&PathBuf> =
            kept.iter().filter(|path| path.extension().is_some_and(|end| end == "jsonl")).collect();
        assert!(kept.len() >= 3, "{name} says nothing of its database");
        for kept in &kept {
            agrees(kept, &config);
        }

        // The old file, from the copy or as it was, goes the same way again.
        if !copy.exists() {
            std::fs::write(&copy, before).unwrap();
        }
        let (code, _, err) = finish(smartyreader().args(["restore", "--config"]).arg(&config).arg("--from").arg(&copy));
        assert_eq!(code, 0, "{name}: {err}");
        // The old version runs for some time.
        let table = "CREATE TABLE since (time INTEGER)";
        rusqlite::Connection::open(&database).unwrap().execute_batch(table).unwrap();
        let mut daemon = Daemon::start_with(config.clone(), address);
        daemon.process.terminate();
        if schema(&database) != old {
            let names = "SELECT count(*) FROM sqlite_schema WHERE name = 'since'";
            let copied: i64 =
                rusqlite::Connection::open(&copy).unwrap().query_row(names, [], |row| row.get(0)).unwrap();
            assert_eq!(copied, 1, "{name}: the copy is of the upgrade before");
        }
        for kept in &kept {
            agrees(kept, &config);
        }
    }
}

#[test]
fn without_room_for_the_copy_nothing_is_touched() {
    let folder = Folder::new("upgrade-full");
    let older = versions().into_iter().find(|version| version.ends_with("0.1.0-schema-2")).unwrap();
    let (config, _) = unpack(&older, &folder);
    let text = std::fs::read_to_string(&config).unwrap().replace("[store]\n", "[store]\nreserve = \"1000000TB\"\n");
    std::fs::write(&config, text).unwrap();
    let database = folder.file("store.db");
    let before = std::fs::read(&database).unwrap();
    let (code, _, err) = finish(smartyreader().args(["run", "--config"]).arg(&config));
    assert_eq!(code, 74, "{err}");
    assert!(err.contains("a copy of it is kept") && err.contains("Nothing was changed"), "{err}");
    assert!(std::fs::read(&database).unwrap() == before && schema(&database) == 2);
    assert!(!folder.file("store.db.version-2").exists() && !folder.file("store.db.version-2.partial").exists());
}

#[test]
fn what_root_puts_back_belongs_to_the_service() {
    let folder = Folder::new("restore-root");
    let (config, _) = unpack(&versions()[0], &folder);
    let [database, copy] = ["store.db", "copy.db"].map(|name| folder.file(name));
    std::fs::copy(&database, &copy).unwrap();
    std::fs::set_permissions(&database, std::fs::Permissions::from_mode(0o600)).unwrap();
    // 65534 is nobody.
    if [&database, &folder.path().to_path_buf()].iter().any(|path| chown(path, Some(65_534), Some(65_534)).is_err()) {
        eprintln!("SKIPPED: only root can give a file away");
        return;
    }
    for there in [true, false] {
        let (code, _, err) = finish(smartyreader().args(["restore", "--config"]).arg(&config).arg("--from").arg(&copy));
        assert_eq!(code, 0, "{err}");
        for name in ["store.db", "store.db.lock"] {
            let file = std::fs::metadata(folder.file(name)).unwrap();
            assert_eq!((file.uid(), file.gid()), (65_534, 65_534), "{name}, a store was there: {there}");
        }
        if there {
            assert_eq!(std::fs::metadata(&database).unwrap().mode() & 0o777, 0o600);
        }
        std::fs::remove_file(&database).unwrap();
    }
}

#[test]
fn this_version_is_kept_with_everything_that_it_can_say() {
    let folder = fixtures();
    assert!(
        folder.join(env!("CARGO_PKG_VERSION")).join("store.db.gz").exists(),
        "scripts/keep-version keeps what this version leaves behind, before it is tagged"
    );
    let today = std::fs::read_to_string(folder.join("today.toml")).unwrap();
    let settings = std::fs::read_to_string(folder.join("../../docs/configuration.md")).unwrap();
    let mut sections = 0;
    for title in settings.lines().filter_map(|line| line.strip_prefix("## `[")) {
        let section = title.split([']', '.']).next().unwrap();
        assert!(
            today.lines().any(|line| line.trim_start_matches('[').starts_with(section)),
            "{section} is not in today.toml"
        );
        sections += 1;
    }
    assert!(sections > 10);
}

#[test]
fn a_file_of_a_newer_version_is_refused_and_left_as_it_is() {
    let folder = Folder::new("downgrade");
    let (config, _) = unpack(&versions()[0], &folder);
    let database = folder.file("store.db");
    let mut bytes = std::fs::read(&database).unwrap();
    // SQLite's header has the application's version at 60, big endian.
    bytes[60..64].copy_from_slice(&999_u32.to_be_bytes());
    std::fs::write(&database, &bytes).unwrap();
    for verb in ["run", "export"] {
        let mut command = smartyreader();
        command.args([verb, "--config"]).arg(&config);
        if verb == "export" {
            command.args(["--meter", "home"]);
        }
        let (code, _, err) = finish(&mut command);
        assert_eq!(code, 65, "{err}");
        assert!(err.contains("written by a newer version of this program (format 999"), "{err}");
    }
    let after = std::fs::read(&database).unwrap();
    assert_eq!(after[60..64], bytes[60..64]);
    assert!(after[96..] == bytes[96..], "the file was changed");
}
