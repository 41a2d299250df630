//! A full store is said, costs nothing that was acknowledged, and goes on by itself.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod common;

use common::{Daemon, Folder, KEY, finish, meter, smartyreader};

#[test]
fn at_its_size_limit_the_store_says_so_and_keeps_what_it_has() {
    let folder = Folder::new("full");
    let key = folder.write("home.key", KEY);
    let (_meter, source) = meter(&["--speed", "500", "--period", "1", "--key-file", key.to_str().unwrap()]);
    let text = |limit: &str| {
        format!(
            "[source.line]\nkind = \"tcp\"\naddress = \"{source}\"\n[meter.home]\nkey-file = \"home.key\"\n\
             [store]\npath = \"test.db\"\nmax-size = \"{limit}\"\n"
        )
    };
    let stored = {
        let mut daemon = Daemon::start(&folder, &text("700kB"));
        daemon.wait("it is full", |daemon| daemon.problems().contains(&"store-full".to_string()));
        let health = daemon.health();
        assert_eq!(health["store"]["state"], "full");
        assert_eq!(daemon.get("/api/v1/meters/home/last").0, 200, "the live value is still served");
        let stored = health["store"]["stored"].as_u64().unwrap();
        let log = daemon.logs("Nothing can be stored");
        assert_eq!(log.matches("Nothing can be stored").count(), 1, "{log}");
        daemon.process.kill();
        stored
    };
    assert!(stored > 0);
    let (code, out, err) = finish(
        smartyreader()
            .args(["export", "--meter", "home", "--resolution", "raw", "--config"])
            .arg(folder.file("test.toml")),
    );
    assert_eq!(code, 0, "{err}");
    assert!(out.lines().count() as u64 > stored, "{stored} were acknowledged, {} are there", out.lines().count() - 1);
    let daemon = Daemon::start(&folder, &text("100MB"));
    daemon.wait("with room it goes on", |daemon| daemon.health()["store"]["stored"].as_u64() > Some(10));
    assert!(!daemon.problems().contains(&"store-full".to_string()));
}

#[test]
fn below_the_reserve_of_the_disk_it_stops_and_goes_on_with_room() {
    let folder = Folder::new("reserve");
    let (_meter, source) = meter(&["--speed", "100"]);
    // No disk has an exabyte free.
    let daemon = Daemon::start(
        &folder,
        &format!(
            "[source.line]\nkind = \"tcp\"\naddress = \"{source}\"\n[meter.home]\n[store]\npath = \"test.db\"\nreserve = \"1000000TB\"\n"
        ),
    );
    daemon.wait("it is full", |daemon| daemon.problems().contains(&"store-full".to_string()));
    let sentence = daemon.health()["problems"].to_string();
    assert!(sentence.contains("are to stay free"), "{sentence}");
    daemon.wait("it waits", |daemon| daemon.health()["store"]["pending"].as_u64() > Some(3));
    assert_eq!(daemon.health()["store"]["dropped"], 0);
}
