//! Who may see whom: reads the `use` lines and paths of the sources.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

use std::path::{Path, PathBuf};

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The lines of production code below `folder` (in crates/) that contain one of `words`.
fn lines_with(folder: &str, words: &[&str]) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder);
    let mut files = Vec::new();
    if root.is_dir() {
        sources(&root, &mut files);
    } else {
        files.push(root);
    }
    assert!(!files.is_empty(), "nothing in {folder}: this test has lost its object");
    let mut hits = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let production = text.split("#[cfg(test)]").next().unwrap();
        for (number, line) in production.lines().enumerate() {
            let code = line.split("//").next().unwrap();
            if words.iter().any(|word| code.contains(word)) {
                hits.push(format!("{}:{}: {}", file.display(), number + 1, line.trim()));
            }
        }
    }
    hits
}

fn never(folder: &str, words: &[&str]) {
    let hits = lines_with(folder, words);
    assert!(hits.is_empty(), "{folder} must not see {words:?}:\n{}", hits.join("\n"));
}

#[test]
fn the_cores_see_no_world() {
    for core in ["p1/src", "ledger/src", "payload/src"] {
        never(
            core,
            &["std::", "extern crate", "tokio", "time::Instant", "SystemTime", "rusqlite", "println!", "alloc::"],
        );
        let lib = format!("{}/../{core}/lib.rs", env!("CARGO_MANIFEST_DIR"));
        assert!(std::fs::read_to_string(lib).unwrap().contains("#![no_std]"), "{core}");
    }
    never("store/src", &["tokio", "axum", "smartyreader::"]);
    never("meter/src", &["tokio", "std::net", "std::fs", "smarty_p1", "smarty_store"]);
}

#[test]
fn cores_and_money_have_no_floats() {
    for folder in ["p1/src", "ledger/src", "payload/src", "smartyreader/src/costs"] {
        never(folder, &["f32", "f64"]);
    }
}

/// Each sink's file or folder, and the names of the others.
fn sinks() -> Vec<(String, Vec<String>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sink");
    let mut found: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    found.retain(|name| name != "mod.rs");
    let module = |name: &String| name.trim_end_matches(".rs").to_string();
    let modules: Vec<String> = found.iter().map(module).collect();
    let others = |name: &String| modules.iter().filter(|other| **other != module(name)).cloned().collect();
    found.iter().map(|name| (name.clone(), others(name))).collect()
}

#[test]
fn the_rooms_of_the_daemon_keep_to_themselves() {
    never(
        "smartyreader/src/source",
        &["smarty_store", "crate::web", "crate::keeper", "crate::accounts", "crate::sink"],
    );
    never("smartyreader/src/web", &["crate::source", "crate::intake::Intake", "smarty_p1::Deframer"]);
    never("smartyreader/src/sink", &["crate::source", "crate::intake::Intake", "crate::web"]);
    never("smartyreader/src/mqtt", &["crate::source", "crate::sink", "crate::hub", "crate::keeper", "crate::web"]);
    never("smartyreader/src/sensor", &["crate::web", "crate::sink", "crate::keeper", "crate::accounts", "crate::mqtt"]);
    never("smartyreader/src/http", &["crate::hub", "crate::sink", "crate::source", "crate::intake", "crate::observe"]);
    for (sink, others) in sinks() {
        let others: Vec<String> = others.iter().map(|other| format!("sink::{other}")).collect();
        never(&format!("smartyreader/src/sink/{sink}"), &others.iter().map(String::as_str).collect::<Vec<_>>());
    }
    never(
        "smartyreader/src/report",
        &["crate::source", "crate::sink", "crate::intake", "crate::hub", "crate::keeper", "crate::web"],
    );
    never("smartyreader/src/mail", &["crate::report", "crate::sink", "crate::hub", "crate::alert", "smarty_store"]);
    // A picture sees no store, no clock and no network: what is drawn follows from what it is told.
    never("smartyreader/src/report/plot", &["smarty_store", "tokio", "crate::observe", "Timestamp::now"]);
    never(
        "smartyreader/src/intake",
        &["crate::hub", "crate::keeper", "crate::web", "crate::source", "crate::mqtt", "tokio"],
    );
    never(
        "smartyreader/src/doctor",
        &["crate::hub", "crate::keeper", "crate::web", "crate::source", "crate::intake", "smarty_store", "tokio"],
    );
    for part in ["cause", "evidence", "event", "look", "mask", "pace", "sentence", "shape", "tally"] {
        let words = ["std::fs", "std::net", "Instant", "SystemTime", "Timestamp::now", "observe::now"];
        never(&format!("smartyreader/src/doctor/{part}.rs"), &words);
    }
    never("smartyreader/src/observe", &["crate::hub", "crate::keeper", "crate::web", "crate::source", "smarty_store"]);
}

#[test]
fn only_one_place_for_each_of_these() {
    let elsewhere = |words: &[&str], allowed: &str| -> Vec<String> {
        lines_with("smartyreader/src", words).into_iter().filter(|hit| !hit.contains(allowed)).collect()
    };
    assert_eq!(elsewhere(&["toml::"], "/config/"), Vec::<String>::new(), "only config/ reads TOML");
    assert_eq!(elsewhere(&["ExitCode"], "/main.rs"), Vec::<String>::new(), "only main.rs says with what");
    assert_eq!(elsewhere(&["process::exit"], "/print.rs"), Vec::<String>::new(), "only print.rs exits in the middle");
    assert_eq!(elsewhere(&["broadcast::channel"], "/hub.rs"), Vec::<String>::new(), "only hub.rs fans out");
}
