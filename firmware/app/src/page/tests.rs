//! The page over real TCP on the host, with the flash and the board made up.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

extern crate std;

use std::boxed::Box;
use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

use data_encoding::BASE64;
use ed25519_dalek::{Signer, SigningKey};
use serde_json::Value;
use sha2::{Digest, Sha256};
use smarty_ledger::{Account, Energies, Entry, Gap, QuarterHour, Reason};
use smarty_p1::Quantity;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::access::{Network, Place};
use crate::common::Flash;
use crate::intake::{MARKS, Mark};
use crate::latest::Latest;
use crate::settings::{Name, Settings};
use crate::update::{Layout, Slot, Version, signed_part};
use crate::utc::Origin;

const KEY: &str = "00112233445566778899AABBCCDDEEFF";
const NOW: i64 = 1_795_392_000;
const SLOT: u32 = 4 * 4096;

struct World {
    store: RefCell<Store<Flash>>,
    update: RefCell<Option<Updater<Flash>>>,
    state: &'static State,
    access: &'static Access,
    made: Mutex<NoopRawMutex, Made>,
}

fn signer() -> SigningKey {
    SigningKey::from_bytes(&[5; 32])
}

impl World {
    fn new(set: &[(Name, &str)]) -> Self {
        let state: &State = Box::leak(Box::default());
        let mut settings = Settings::new();
        for (name, value) in set {
            settings.set(*name, value).unwrap();
        }
        let hex =
            signer().verifying_key().as_bytes().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
        settings.set(Name::UpdateKey, &hex).unwrap();
        state.put_settings(&settings);
        state.utc.set(NOW, Origin::Server);
        let slot = |from: u32| from..from + SLOT;
        let layout = Layout { choice: 0..0x2000, trial: 0x2000..0x6000, slots: [slot(0x6000), slot(0x6000 + SLOT)] };
        let flash = Flash::new((0x6000 + 2 * SLOT as usize) / 4096);
        let updater = Updater::load(flash, layout, Slot::A, "virt", Version([1, 0, 0])).unwrap();
        let (store, _) = Store::open(Flash::new(crate::store::LEAST as usize / 4096)).unwrap();
        Self {
            store: RefCell::new(store),
            update: RefCell::new(Some(updater)),
            state,
            access: Box::leak(Box::default()),
            made: Mutex::new(Made::new()),
        }
    }

    fn with_a_telegram(self) -> Self {
        let mut latest = Latest { number: 1, time: NOW - 10, ..Latest::new() };
        latest.values.set(Quantity::PowerImport, 412);
        latest.values.set(Quantity::EnergyImport, 6_695);
        latest.equipment.push_str("SAG1030700089067").unwrap();
        latest.text.extend_from_slice(b"/Lux5\\253663629_D\r\n\r\n!ABCD\r\n").unwrap();
        self.state.put_latest(&latest);
        self
    }

    /// Sends a request and reads the answer: its head, and its body.
    fn ask(&self, request: &[u8]) -> (String, Vec<u8>) {
        let about = About { board: "virt", chip: "virt", version: "1.0.0" };
        let facts: &Facts = Box::leak(Box::default());
        let page = Page::new(&self.store, &self.update, self.state, facts, self.access, about);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let answer = runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let client = async {
                let mut stream = TcpStream::connect(address).await.unwrap();
                stream.write_all(request).await.unwrap();
                let mut answer = Vec::new();
                stream.read_to_end(&mut answer).await.unwrap();
                answer
            };
            let server = async {
                let router = Router::from_service(handler::Service { page: &page, made: &self.made });
                let mut head = [0; REQUEST];
                let (stream, _) = listener.accept().await.unwrap();
                let _ = Server::new_tokio(&router, &CONFIG, &mut head).serve(stream).await;
            };
            embassy_futures::join::join(client, server).await.0
        });
        let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
        (String::from_utf8(answer[..end].to_vec()).unwrap(), answer[end + 4..].to_vec())
    }

    fn get(&self, path: &str, password: Option<&str>) -> (u16, String) {
        self.send("GET", path, password, "", b"")
    }

    fn send(&self, method: &str, path: &str, password: Option<&str>, head: &str, body: &[u8]) -> (u16, String) {
        let login = password.map_or(String::new(), |password| {
            format!("Authorization: Basic {}\r\n", BASE64.encode(format!("me:{password}").as_bytes()))
        });
        let length = body.len();
        let head =
            format!("{method} {path} HTTP/1.1\r\nHost: board.local\r\n{login}{head}Content-Length: {length}\r\n\r\n");
        let (head, body) = self.ask(&[head.as_bytes(), body].concat());
        (head[9..12].parse().unwrap(), String::from_utf8(body).unwrap())
    }
}

fn with_password() -> World {
    World::new(&[(Name::PagePassword, "secret"), (Name::MeterKey, KEY)])
}

/// The daemon's own description of its API.
fn schema(name: &str) -> Value {
    let all: Value =
        serde_json::from_str(include_str!("../../../../crates/smartyreader/src/web/openapi.json")).unwrap();
    all["components"]["schemas"][name].clone()
}

/// What is required is there, and nothing that is not described.
fn assert_shape(value: &Value, schema: &Value) {
    let object = value.as_object().unwrap();
    for required in schema["required"].as_array().unwrap() {
        assert!(object.contains_key(required.as_str().unwrap()), "{required} is missing in {value}");
    }
    for (key, value) in object {
        let known = &schema["properties"][key];
        assert!(!known.is_null(), "{key} is not in the daemon's API");
        let items = &known["items"];
        for item in value.as_array().into_iter().flatten() {
            match items["$ref"].as_str() {
                Some(path) => assert_shape(item, &self::schema(path.rsplit('/').next().unwrap())),
                None if items["type"] == "object" => assert_shape(item, items),
                None => {}
            }
        }
    }
}

#[test]
fn nobody_sees_anything_without_the_password() {
    let world = with_password().with_a_telegram();
    for path in ["/", "/page.js", "/api/v1/meters", "/api/v1/meters/home/last", "/api/v1/settings", "/nothing"] {
        for password in [None, Some("guess")] {
            let (status, body) = world.get(path, password);
            assert_eq!(status, 401, "{path}");
            assert!(!body.contains("412"));
        }
    }
    let (head, _) = world.ask(b"GET / HTTP/1.1\r\nHost: board.local\r\n\r\n");
    assert!(head.contains("WWW-Authenticate: Basic"), "{head}");
    assert!(head.contains("Content-Security-Policy: default-src 'self'"), "{head}");
    let (status, body) = world.get("/", Some("secret"));
    assert_eq!((status, body.starts_with("<!doctype html>")), (200, true));
}

#[test]
fn without_a_password_there_is_no_page() {
    let world = World::new(&[]).with_a_telegram();
    let (status, body) = world.get("/api/v1/meters/home/last", None);
    assert_eq!(status, 403);
    assert!(body.contains("page-password"), "{body}");
}

#[test]
fn answers_have_the_daemons_shapes() {
    let world = with_password();
    let (status, body) = world.get("/api/v1/meters/home/last", Some("secret"));
    assert_eq!(status, 404, "{body}");
    assert_shape(&serde_json::from_str(&body).unwrap(), &schema("Error"));
    let world = world.with_a_telegram();
    for (path, name) in
        [("meters", "Meters"), ("meters/home/last", "Last"), ("health", "Health"), ("session", "Session")]
    {
        let (status, body) = world.get(&format!("/api/v1/{path}"), Some("secret"));
        assert_eq!(status, 200, "{path}: {body}");
        assert_shape(&serde_json::from_str(&body).unwrap(), &schema(name));
    }
    let last: Value = serde_json::from_str(&world.get("/api/v1/meters/home/last", Some("secret")).1).unwrap();
    assert_eq!(last["values"]["power_import_w"], 412);
    assert_eq!(last["local"], "2026-11-23T00:59:50+01:00");
    assert_eq!(last["equipment"], "SAG1030700089067");
    let (status, telegram) = world.get("/api/v1/meters/home/telegram", Some("secret"));
    assert_eq!((status, telegram.as_str()), (200, "/Lux5\\253663629_D\r\n\r\n!ABCD\r\n"));
    assert_eq!(world.get("/api/v1/meters/other/last", Some("secret")).0, 404);
    assert_eq!(world.send("PUT", "/api/v1/health", Some("secret"), "", b"").0, 405);
    let problem: Value = serde_json::from_str(&with_password().get("/api/v1/health", Some("secret")).1).unwrap();
    assert_shape(&problem, &schema("Health"));
}

#[test]
fn quarter_hours_come_from_the_journal() {
    let world = with_password();
    let quarter = |start| {
        let energies = Energies { import: Some(100), ..Energies::UNKNOWN };
        Entry::Quarter(QuarterHour { start, energies, complete: true, power_net: None, voltage: None, telegrams: 90 })
    };
    let energies = Energies::UNKNOWN;
    let gap = Entry::Gap(Gap { start: NOW + 900, end: NOW + 1800, energies, reason: Reason::NoTelegrams });
    let entries: heapless::Vec<_, 10> =
        [quarter(NOW), gap, quarter(NOW + 1800), quarter(NOW + 86_400)].into_iter().collect();
    world.store.borrow_mut().close(&Account::new(30), &[Mark::default(); MARKS], &entries).unwrap();
    let path = "/api/v1/meters/home/quarter-hours?from=2026-11-23&to=2026-11-24";
    let (status, body) = world.get(path, Some("secret"));
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(status, 200);
    assert_shape(&body, &schema("Entries"));
    let starts: Vec<i64> =
        body["entries"].as_array().unwrap().iter().map(|row| row["start"].as_i64().unwrap()).collect();
    assert_eq!(starts, [NOW, NOW + 1800]);
    assert_eq!(body["entries"][0]["demand_import_w"], 400);
    assert_eq!(body["gaps"][0]["reason"], "no telegrams");
    for (query, status) in [("", 400), ("?from=2026-11-23&to=2026-11-22", 400), ("?from=2026-01-01&to=2026-11-24", 422)]
    {
        let path = format!("/api/v1/meters/home/quarter-hours{query}");
        assert_eq!(world.get(&path, Some("secret")).0, status, "{query}");
    }
}

#[test]
fn settings_are_shown_without_secrets_and_changed_one_by_one() {
    let world = with_password();
    let (_, body) = world.get("/api/v1/settings", Some("secret"));
    assert!(!body.contains(KEY) && !body.contains(&KEY.to_lowercase()));
    let list: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(list.as_array().unwrap().len(), Name::ALL.len());
    let key = list.as_array().unwrap().iter().find(|setting| setting["name"] == "meter-key").unwrap();
    assert_eq!((&key["given"], &key["value"]), (&Value::Bool(true), &Value::Null));

    let form = b"broker=nas.local&meter-key=&wifi-password=p%26s+s&topic=";
    assert_eq!(world.send("POST", "/api/v1/settings", Some("secret"), "", form).0, 200);
    world.state.with_settings(|settings| {
        assert_eq!(settings.text(Name::Broker), "nas.local");
        assert_eq!(settings.text(Name::WifiPassword), "p&s s");
        assert!(settings.given(Name::MeterKey).is_some());
    });
    assert!(world.state.changed.signaled());
    let clear = b"clear=meter-key";
    assert_eq!(world.send("POST", "/api/v1/settings", Some("secret"), "", clear).0, 200);
    world.state.with_settings(|settings| assert!(settings.given(Name::MeterKey).is_none()));

    let (status, body) = world.send("POST", "/api/v1/settings", Some("secret"), "", b"broker=other&baud=fast");
    assert_eq!(status, 400);
    assert!(body.contains("baud"), "{body}");
    world.state.with_settings(|settings| assert_eq!(settings.text(Name::Broker), "nas.local"));
}

#[test]
fn another_site_changes_nothing() {
    let world = with_password();
    let evil = "Origin: http://evil.example\r\n";
    for path in ["settings", "restart", "forget", "update", "certificate"] {
        let path = format!("/api/v1/{path}");
        assert_eq!(world.send("POST", &path, Some("secret"), evil, b"broker=evil").0, 403, "{path}");
    }
    world.state.with_settings(|settings| assert_eq!(settings.text(Name::Broker), ""));
    assert!(!world.state.forget.signaled());
    let own = "Origin: http://board.local\r\n";
    assert_eq!(world.send("POST", "/api/v1/forget", Some("secret"), own, b"").0, 200);
    assert!(world.state.forget.signaled());
}

#[test]
fn an_image_is_uploaded() {
    let world = with_password();
    let image: Vec<u8> = (0..9000).map(|at| (at * 7) as u8).collect();
    let part = signed_part("virt", Version([1, 1, 0]), 9000, &Sha256::digest(&image).into()).unwrap();
    let file = [&part[..], &signer().sign(&part).to_bytes(), &image].concat();
    let mut bad = file.clone();
    bad[100] ^= 1;
    let (status, body) = world.send("POST", "/api/v1/update", Some("secret"), "", &bad);
    assert_eq!(status, 400);
    assert!(body.contains("not signed with this board's key"), "{body}");
    assert_eq!(world.send("POST", "/api/v1/update", Some("secret"), "", &file[..5000]).0, 400);
    let (status, body) = world.send("POST", "/api/v1/update", Some("secret"), "", &file);
    assert_eq!((status, body.as_str()), (200, "{}"));
    assert!(world.update.borrow().as_ref().unwrap().on_trial());
}

#[test]
fn a_certificate_is_kept() {
    let world = with_password();
    let der = [&[0x30, 0x82, 1, 0][..], &[7; 256]].concat();
    assert_eq!(world.send("POST", "/api/v1/certificate", Some("secret"), "", &der).0, 200);
    let mut buffer = [0; crate::store::LONGEST_CERTIFICATE];
    assert_eq!(world.store.borrow_mut().certificate(&mut buffer).unwrap(), Some(&der[..]));
    let (status, body) = world.send("POST", "/api/v1/certificate", Some("secret"), "", b"-----BEGIN CERTIFICATE-----");
    assert_eq!(status, 400);
    assert!(body.contains("outform der"), "{body}");
    assert_eq!(world.send("POST", "/api/v1/certificate", Some("secret"), "", b"").0, 200);
    assert_eq!(world.store.borrow_mut().certificate(&mut buffer).unwrap(), None);
}

#[test]
fn the_first_setup_leads_to_the_page_and_to_nothing_else() {
    let world = World::new(&[]).with_a_telegram();
    world.access.move_to(Place::OwnNetwork([192, 168, 4, 1].into()));
    world.access.hear([Network { name: "home".try_into().unwrap(), rssi_dbm: -60, locked: true }]);
    let (head, _) = world.ask(b"GET /generate_204 HTTP/1.1\r\nHost: connectivitycheck.gstatic.com\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 302") && head.contains("Location: http://192.168.4.1/"), "{head}");
    assert_eq!(world.get("/", None).0, 200);
    assert_eq!(
        world.get("/api/v1/networks", None),
        (200, r#"[{"name":"home","rssi_dbm":-60,"locked":true}]"#.to_string())
    );
    assert_eq!(world.get("/api/v1/settings", None).0, 200);
    let form = b"wifi-name=home&wifi-password=12345678";
    assert_eq!(world.send("POST", "/api/v1/settings", None, "", form).0, 200);
    for path in ["/api/v1/meters/home/last", "/api/v1/meters/home/telegram", "/api/v1/meters"] {
        assert_eq!(world.get(path, None).0, 403, "{path}");
    }
    for path in ["/api/v1/update", "/api/v1/forget"] {
        assert_eq!(world.send("POST", path, None, "", b"").0, 403, "{path}");
    }
}
