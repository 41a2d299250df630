//! Day files of old, brought into the database: once, by the right days, never over a telegram.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod common;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use common::{Daemon, Folder, KEY, export, finish, meter, smartyreader};
use serde_json::Value;

/// 02:00 on 21 June 2026 in Luxembourg: when the telegrams of these tests begin.
const TELEGRAMS: i64 = 1_782_000_000;

/// A database with an hour of telegrams, and the configuration that made it. The hours are those of one meter.
fn house(folder: &Folder) -> PathBuf {
    let all = folder.file("all.bin");
    let (code, _, err) = finish(
        smartyreader()
            .args(["meter", "--speed", "1000000000", "--count", "800", "--start", &TELEGRAMS.to_string(), "--to"])
            .arg(&all),
    );
    assert_eq!(code, 0, "{err}");
    let all = String::from_utf8(std::fs::read(all).unwrap()).unwrap();
    let middle = all.match_indices("/Lux5").nth(400).unwrap().0;
    folder.write("first.bin", &all[..middle]);
    folder.write("second.bin", &all[middle..]);
    read_telegrams(folder, "first.bin")
}

fn read_telegrams(folder: &Folder, file: &str) -> PathBuf {
    let config = folder.write(
        "test.toml",
        &format!(
            "[source.hour]\nkind = \"file\"\npath = \"{file}\"\n[meter.home]\n[store]\npath = \"test.db\"\n[web]\nenabled = false\n"
        ),
    );
    let (code, out, err) = finish(smartyreader().args(["run", "--config"]).arg(&config));
    assert_eq!(code, 0, "{out}{err}");
    config
}

fn import(config: &Path, arguments: &[&str], paths: &[&Path]) -> (i32, String, String) {
    finish(
        smartyreader()
            .args(["import", "dayfile", "--meter", "home", "--config"])
            .arg(config)
            .args(arguments)
            .args(paths),
    )
}

/// A day as the script wrote it, its numbers as wrong as they were: a line a minute at second 7. The register rises by
/// two Wh a minute, by three from noon on.
fn day(date: &str, offset_at: impl Fn(i64) -> i64, begin: i64, end: i64, register: &mut i64) -> String {
    let mut text = String::new();
    for time in (begin + 7..end).step_by(60) {
        let local = (time + offset_at(time)).rem_euclid(86_400);
        *register += if local < 43_200 { 2 } else { 3 };
        let (hour, minute) = (local / 3600, local / 60 % 60);
        let _ = writeln!(
            text,
            "{date} {hour:02}:{minute:02}:07 {:06}.{:03} 0.11999999999999922 119.999",
            *register / 1000,
            *register % 1000
        );
    }
    text
}

/// 28 to 30 March 2026: the clocks lose an hour on the 29th. The archive's folder, and the first second of each day.
fn march(folder: &Folder) -> (PathBuf, [i64; 4]) {
    // 28 March 2026 00:00 in Luxembourg.
    let first = 1_774_652_400;
    let borders = [first, first + 86_400, first + 86_400 + 82_800, first + 2 * 86_400 + 82_800];
    let summer = borders[1] + 7200;
    let archive = folder.file("archive");
    std::fs::create_dir_all(archive.join("2026")).unwrap();
    let mut register = 8_000_000;
    for (index, date) in ["28.03.26", "29.03.26", "30.03.26"].iter().enumerate() {
        let offset = |time| if time < summer { 3600 } else { 7200 };
        let text = day(date, offset, borders[index], borders[index + 1], &mut register);
        let name = format!("sm_p1_2026_03_{}.min", 28 + index);
        std::fs::write(archive.join("2026").join(name), text).unwrap();
    }
    folder.write("archive/readme.txt", "not this one");
    (archive, borders)
}

#[test]
fn dry_then_really_then_again() {
    let folder = Folder::new("import");
    let config = house(&folder);
    let (archive, borders) = march(&folder);
    let before = export(&config, "raw");
    let (code, out, err) = import(&config, &["--dry-run"], &[&archive]);
    assert_eq!(code, 0, "{out}{err}");
    let lines = 3 * 1440 - 60;
    assert!(out.contains(&format!("3 files with {lines} lines.")), "{out}");
    assert!(
        out.contains(&format!(
            "{lines} lines would be taken from 2026-03-28 00:00:07 to 2026-03-30 23:59:07: the import of meter home."
        )),
        "{out}"
    );
    assert!(out.contains("dry run: nothing was written") && !out.contains("left"), "{out}");
    assert_eq!(export(&config, "raw"), before);

    let (code, out, err) = import(&config, &[], &[&archive]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains(&format!("{lines} readings were imported")), "{out}");
    let raw = export(&config, "raw");
    assert_eq!(raw.len(), before.len() + lines);
    assert_eq!(raw[0]["proof"], "imported");
    assert_eq!(raw[0]["equipment"], before[0]["equipment"]);
    let days = export(&config, "days");
    let energies: Vec<_> =
        days.iter().map(|day| (day["start"].as_i64().unwrap(), day["energy_import_wh"].clone())).collect();
    // The first day has no line before its first minute; each other one begins with the last line of the day before.
    let full = 720 * 2 + 720 * 3;
    assert_eq!(energies[0], (borders[0], (full - 2).into()));
    assert_eq!(energies[1], (borders[1], (full - 120).into()), "the day of 23 hours");
    assert_eq!(energies[2].0, borders[2]);
    assert_eq!(days[1]["complete"], true);
    assert_eq!(days[1]["peak_import_w"], 3 * 15 * 4);
    // Until the telegrams begin, one gap: what is between is known in sum.
    let total: i64 = export(&config, "years").iter().map(|year| year["energy_import_wh"].as_i64().unwrap()).sum();
    let register = |reading: &Value| reading["energy_import_wh"].as_i64().unwrap();
    assert_eq!(total, register(raw.last().unwrap()) - register(&raw[0]));
    let months = export(&config, "months");
    assert_eq!(months[0]["local"], "2026-03-01T00:00:00+01:00");

    let everything =
        || ["raw", "quarter-hours", "days", "months", "years"].map(|resolution| export(&config, resolution));
    let once = everything();
    let (code, out, err) = import(&config, &[], &[&archive]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains(&format!("{lines} lines will be left, because the database has them already")), "{out}");
    assert!(out.contains("There is nothing to import."), "{out}");
    assert_eq!(everything(), once);

    // The daemon goes on from there.
    read_telegrams(&folder, "second.bin");
    let after = export(&config, "raw");
    assert_eq!(after.len(), raw.len() + 400);
    let total: i64 = export(&config, "years").iter().map(|year| year["energy_import_wh"].as_i64().unwrap()).sum();
    assert_eq!(total, register(after.last().unwrap()) - register(&after[0]));
    assert_eq!(export(&config, "days")[..3], once[2][..3]);
}

#[test]
fn what_the_sink_writes_can_be_imported_and_gives_the_same_quarter_hours() {
    let folder = Folder::new("round-trip");
    let key = folder.write("home.key", KEY);
    let start = (TELEGRAMS + 20 * 3600).to_string();
    let (_meter, source) =
        meter(&["--start", &start, "--speed", "700", "--count", "2000", "--key-file", key.to_str().unwrap()]);
    let sinks = ["import", "export"]
        .map(|value| {
            format!("[day-file.{value}]\nfolder = \"{value}\"\narchive = \"{value}/old\"\nvalue = \"{value}\"\n")
        })
        .concat();
    let text = format!(
        "[source.line]\nkind = \"tcp\"\naddress = \"{source}\"\n[meter.home]\nkey-file = \"home.key\"\n{sinks}"
    );
    let mut daemon = Daemon::start(&folder, &text);
    daemon.wait("all lines", |daemon| {
        let health = daemon.health();
        health["sinks"].as_array().unwrap().iter().all(|sink| sink["counters"]["lines"] == 334)
    });
    daemon.wait("all are stored", |daemon| daemon.health()["store"]["stored"] == 2000);
    daemon.process.terminate();
    let equipment = export(&daemon.config, "raw")[0]["equipment"].as_str().unwrap().to_string();
    let other =
        folder.write("other.toml", "[source.a]\nkind = \"stdin\"\n[meter.home]\n[store]\npath = \"other.db\"\n");
    let (code, _, err) = import(&other, &[], &[&folder.file("import")]);
    assert_eq!(code, 64);
    assert!(err.contains("say it with --equipment"), "{err}");
    for value in ["import", "export"] {
        let (code, out, err) = import(&other, &["--equipment", &equipment, "--value", value], &[&folder.file(value)]);
        assert_eq!(code, 0, "{out}{err}");
        assert!(out.contains("334 readings were imported"), "{out}");
        assert!(out.contains("another line is of the same second"), "the current file is the last day's again: {out}");
    }
    let energies = |config: &Path| -> Vec<(Value, Value, Value, Value)> {
        let quarters = export(config, "quarter-hours");
        let of = |quarter: &Value, name: &str| quarter[name].clone();
        quarters
            .iter()
            .map(|quarter| {
                (
                    of(quarter, "start"),
                    of(quarter, "energy_import_wh"),
                    of(quarter, "energy_export_wh"),
                    of(quarter, "complete"),
                )
            })
            .collect()
    };
    let (telegrams, imported) = (energies(&daemon.config), energies(&other));
    assert_eq!(telegrams.len(), imported.len());
    // The running one ends with the last telegram there, with the last line here.
    assert_eq!(telegrams[..telegrams.len() - 1], imported[..imported.len() - 1]);
    assert!(imported.iter().filter(|quarter| quarter.3 == true).count() > 20);
}

#[test]
fn telegrams_are_better_and_bad_lines_are_named() {
    let folder = Folder::new("overlap");
    let config = house(&folder);
    let before = export(&config, "raw");
    let first = before[0]["energy_import_wh"].as_i64().unwrap();
    // From an hour before the telegrams into them, and what can go wrong in a file.
    let line = |minute: i64, wh: i64| {
        let local = (TELEGRAMS + 3600 + minute * 60 + 7).rem_euclid(86_400);
        let (hour, minute, second) = (local / 3600, local / 60 % 60, local % 60);
        format!("21.06.26 {hour:02}:{minute:02}:{second:02} {:06}.{:03} 0.12 60.0", wh / 1000, wh % 1000)
    };
    let mut lines: Vec<String> = (0..90).map(|minute| line(minute, first - 3600 + minute * 60)).collect();
    lines[3] = "21.06.26 01:0".into();
    lines[10] = "\u{fffd}\u{fffd}\u{fffd}".into();
    lines[20] = line(20, first + 900_000_000);
    lines[30] = lines[30].replace("21.06.26", "21.06.46");
    let path = folder.write("torn.min", &lines.join("\n"));
    let (code, out, err) = import(&config, &["--dry-run"], &[&path]);
    assert_eq!(code, 0, "{out}{err}");
    for words in [
        "2 lines would be left, because they are no lines of a day file: torn.min line 4, 11.",
        "1 line would be left, because their time is still to come: torn.min line 31.",
        "1 line would be left, because their register does not lie between those before and after",
        "30 lines would be left, because the database has telegrams of the same minutes: torn.min line 61, 62, 63, 64, 65, ….",
        "56 lines would be taken",
    ] {
        assert!(out.contains(words), "{words}\n{out}");
    }
    let (code, out, err) = import(&config, &[], &[&path]);
    assert_eq!(code, 0, "{out}{err}");
    let after = export(&config, "raw");
    assert_eq!(after.len(), before.len() + 56);
    assert_eq!(after[56..], before[..], "no telegram is touched");
    // A file of another meter.
    let other: Vec<String> = (0..40).map(|minute| line(minute, 94_000_000 + minute)).collect();
    let path = folder.write("other.min", &other.join("\n").replace("21.06.26", "20.06.26"));
    let (code, out, err) = import(&config, &[], &[&path]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("their register does not fit the telegrams before and after"), "{out}");
    assert!(out.contains("There is nothing to import."), "{out}");
    assert_eq!(export(&config, "raw"), after);
}

#[test]
fn only_while_the_daemon_does_not_run() {
    let folder = Folder::new("running");
    let key = folder.write("home.key", KEY);
    let (archive, _) = march(&folder);
    let (_meter, source) = meter(&["--speed", "20", "--key-file", key.to_str().unwrap()]);
    let mut daemon = Daemon::start(
        &folder,
        &format!("[source.line]\nkind = \"tcp\"\naddress = \"{source}\"\n[meter.home]\nkey-file = \"home.key\"\n"),
    );
    daemon.wait("some telegrams", |daemon| daemon.health()["store"]["stored"].as_u64() > Some(2));
    let (code, out, err) = import(&daemon.config, &[], &[&archive]);
    assert_eq!(code, 69, "{out}{err}");
    assert!(err.contains("the daemon runs; stop it first, then import"), "{err}");
    let (code, out, err) = import(&daemon.config, &["--dry-run"], &[&archive]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("4260 lines would be taken"), "{out}");
    daemon.process.terminate();
    let (code, out, err) = import(&daemon.config, &[], &[&archive]);
    assert_eq!(code, 0, "{out}{err}");
    let daemon = Daemon::start_with(daemon.config.clone(), daemon.address.clone());
    let days = daemon.json("/api/v1/meters/home/days?from=2026-03-28&to=2026-03-31");
    assert_eq!(days["entries"][1]["energy_import_wh"], 720 * 5 - 120, "{days}");
}

#[test]
fn wrong_words_are_sentences() {
    let folder = Folder::new("wrong");
    let config = house(&folder);
    let nowhere = folder.file("nowhere.min");
    let (code, _, err) = import(&config, &[], &[&nowhere]);
    assert_eq!(code, 66);
    assert!(err.contains("nowhere.min cannot be read"), "{err}");
    std::fs::create_dir(folder.file("empty")).unwrap();
    let (code, _, err) = import(&config, &[], &[&folder.file("empty")]);
    assert_eq!(code, 66);
    assert!(err.contains("no file there that ends with .min"), "{err}");
    let (code, _, err) =
        finish(smartyreader().args(["import", "dayfile", "--meter", "attic", "--config"]).arg(&config).arg(&config));
    assert_eq!(code, 64);
    assert!(err.contains("there is no meter attic; there are home"), "{err}");
    let (code, _, err) = import(&config, &["--value", "both"], &[&nowhere]);
    assert_ne!(code, 0);
    assert!(err.contains("import, export"), "{err}");
}

#[test]
fn a_kill_in_the_middle_is_made_good_by_doing_it_again() {
    let folder = Folder::new("import-kill");
    let config = house(&folder);
    let archive = folder.file("long");
    std::fs::create_dir_all(&archive).unwrap();
    let mut register = 1_000_000;
    // From 1 January 2026 00:00 in Luxembourg.
    let first = 1_767_222_000;
    for index in 0..31 {
        let begin = first + index * 86_400;
        let text = day(&format!("{:02}.01.26", index + 1), |_| 3600, begin, begin + 86_400, &mut register);
        std::fs::write(archive.join(format!("x_2026_01_{:02}.min", index + 1)), text).unwrap();
    }
    let copy = folder.file("copy.db");
    std::fs::copy(folder.file("test.db"), &copy).unwrap();
    let (code, out, err) = import(&config, &[], &[&archive]);
    assert_eq!(code, 0, "{out}{err}");
    let everything =
        || ["raw", "quarter-hours", "days", "months", "years"].map(|resolution| export(&config, resolution));
    let whole = everything();
    for ending in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(folder.file(&format!("test.db{ending}")));
    }
    std::fs::copy(&copy, folder.file("test.db")).unwrap();
    let lines = whole[0].len() - 400;
    assert_eq!(lines, 31 * 1440);
    let mut parts = Vec::new();
    for wait in [300, 450, 600, 750, 900] {
        let mut child = smartyreader()
            .args(["import", "dayfile", "--meter", "home", "--config"])
            .arg(&config)
            .arg(&archive)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(wait));
        let _ = child.kill();
        child.wait().unwrap();
        parts.push(export(&config, "raw").len() - 400);
    }
    assert!(parts.iter().any(|&part| part < lines), "no kill came in the middle: {parts:?}");
    println!("imported after each kill: {parts:?} of {lines}");
    let (code, out, err) = import(&config, &[], &[&archive]);
    assert_eq!(code, 0, "{out}{err}");
    assert_eq!(everything(), whole);
}
