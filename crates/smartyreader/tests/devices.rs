//! Gas, water, heat and the others, from the meter's line to the API and the broker.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod common;

use std::collections::BTreeMap;
use std::collections::HashMap;

use common::broker::{Broker, Security};
use common::{Daemon, Folder, finish, meter, smartyreader};
use serde_json::Value;
use smarty_ledger::Settings;
use smarty_meter::{MbusDevice, MbusKind, MeterConfig, Profile, VirtualMeter};
use smarty_p1::{MBUS, Values};
use smarty_store::{Calendar, Clock, MeterReading, Options, Proof, Reader, Store};
use smartyreader::accounts::Accounts;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
/// Midnight of 23 November 2026 in Luxembourg.
const MIDNIGHT: i64 = 1_795_388_400;

/// An identifier as telegrams have it.
fn hex(name: &str) -> String {
    name.bytes().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().concat()
}

fn device(kind: MbusKind, name: &str, register: u64, slot_s: u32) -> MbusDevice {
    MbusDevice { register, slot_s, ..MbusDevice::new(kind, name) }
}

/// Everything that can hang there: gas with a valve, water each five minutes, heat once an hour, cooling.
fn house(start: i64) -> VirtualMeter {
    let gas = MbusDevice { valve: Some(1), ..device(MbusKind::Gas, "GAS1", 9_510_905, 900) };
    let mbus = [
        Some(gas),
        Some(device(MbusKind::Water, "WAT1", 381_275, 300)),
        Some(device(MbusKind::Heat, "HEAT1", 45_000, 3600)),
        Some(device(MbusKind::Cooling, "COLD1", 700, 3600)),
    ];
    VirtualMeter::new(MeterConfig { seed: 5, start, period_s: 300, mbus, ..MeterConfig::new(Profile::LuxembourgFull) })
}

/// What a meter sends, and what is true of its devices: captures by identifier.
#[derive(Default)]
struct Sent {
    bytes: Vec<u8>,
    captures: BTreeMap<String, BTreeMap<i64, i64>>,
}

impl Sent {
    fn until(&mut self, meter: &mut VirtualMeter, end: i64) {
        while meter.next_at() < end {
            let telegram = meter.next_telegram();
            self.bytes.extend(&telegram.frame);
            for (values, name) in telegram.values.mbus.iter().zip(&telegram.device.mbus_identifiers) {
                if let (Some(values), Some(name)) = (values, name) {
                    let series = self.captures.entry(hex(name)).or_default();
                    series.insert(values.captured_at, i64::try_from(values.register).unwrap());
                }
            }
        }
    }

    /// The register at a moment.
    fn at(&self, name: &str, time: i64) -> i64 {
        *self.captures[&hex(name)].range(..=time).next_back().unwrap().1
    }

    fn newest(&self, name: &str) -> (i64, i64) {
        let (time, value) = self.captures[&hex(name)].last_key_value().unwrap();
        (*time, *value)
    }
}

#[test]
fn each_device_has_its_series_and_its_days_whatever_happens_to_it() {
    let folder = Folder::new("devices");
    let mut meter = house(MIDNIGHT - 4 * HOUR);
    let mut sent = Sent::default();
    sent.until(&mut meter, MIDNIGHT + 30 * HOUR);
    // The meter is exchanged, gas and water change places, the valve closes, cooling makes room for an electricity meter.
    meter.exchange_channels(1, 2);
    meter.swap(77);
    meter.turn_valve(2, 0);
    meter.hang(4, Some(device(MbusKind::Electricity, "CAR1", 5, 300)));
    sent.until(&mut meter, MIDNIGHT + 3 * DAY + HOUR);
    // And the heat meter for another, whose register begins at 0.
    meter.hang(3, Some(device(MbusKind::Heat, "HEAT2", 0, 3600)));
    sent.until(&mut meter, MIDNIGHT + 4 * DAY + 2 * HOUR);
    std::fs::write(folder.file("days.bin"), &sent.bytes).unwrap();
    let daemon = Daemon::start(
        &folder,
        &format!(
            "[source.days]\nkind = \"file\"\npath = \"days.bin\"\n[meter.home]\n[meter.home.devices]\n{} = \"Gas in the cellar\"\n",
            hex("GAS1")
        ),
    );
    let telegrams = (4 * DAY + 6 * HOUR) / 300;
    daemon.wait("all is stored", |daemon| daemon.health()["store"]["stored"] == telegrams);

    let answer = daemon.json("/api/v1/meters/home/devices");
    let listed: Vec<_> = answer["devices"]
        .as_array()
        .unwrap()
        .iter()
        .map(|device| {
            let text = |name: &str| device[name].as_str().unwrap().to_string();
            (text("id"), text("medium"), text("quantity"), text("title"), device["channel"].as_i64().unwrap())
        })
        .collect();
    let expected = [
        ("WAT1", "water", "volume_dm3", "Water", 1),
        ("GAS1", "gas", "volume_dm3", "Gas in the cellar", 2),
        ("HEAT2", "heat", "energy_mj", "Heat", 3),
        ("HEAT1", "heat", "energy_mj", "Heat", 3),
        ("CAR1", "electricity", "energy_wh", "Electricity", 4),
        ("COLD1", "cooling", "energy_mj", "Cooling", 4),
    ]
    .map(|(name, medium, quantity, title, channel)| {
        (hex(name), medium.to_string(), quantity.to_string(), title.to_string(), channel)
    });
    assert_eq!(listed, expected);
    let gas = &answer["devices"][1];
    assert_eq!((&gas["valve"], &gas["device_type"], &gas["unit"]), (&0.into(), &3.into(), &"dm³".into()));
    assert_eq!(answer["devices"][0]["valve"], Value::Null);

    let span = "from=2026-11-01&to=2026-12-01";
    for (name, medium, quantity) in [
        ("WAT1", "water", "volume_dm3"),
        ("GAS1", "gas", "volume_dm3"),
        ("HEAT1", "heat", "energy_mj"),
        ("HEAT2", "heat", "energy_mj"),
        ("CAR1", "electricity", "energy_wh"),
        ("COLD1", "cooling", "energy_mj"),
    ] {
        let ask = |what: &str| daemon.json(&format!("/api/v1/meters/home/devices/{}/{what}?{span}", hex(name)));
        let series = ask("series");
        let known: BTreeMap<i64, i64> = series["time"]
            .as_array()
            .unwrap()
            .iter()
            .zip(series[quantity].as_array().unwrap())
            .map(|(time, value)| (time.as_i64().unwrap(), value.as_i64().unwrap()))
            .collect();
        assert_eq!(known, sent.captures[&hex(name)], "{name}");
        assert_eq!((&series["medium"], &series["device"]), (&medium.into(), &hex(name).into()));

        let days = ask("days");
        let mut whole = 0;
        for entry in days["entries"].as_array().unwrap() {
            let (start, end) = (entry["start"].as_i64().unwrap(), entry["end"].as_i64().unwrap());
            let running = entry["running"] == true;
            assert!(!running || end > jiff::Timestamp::now().as_second() - 60, "it is over: {entry}");
            if entry["complete"] == true && !running {
                whole += 1;
                let used = sent.at(name, end) - sent.at(name, start);
                assert_eq!(entry[quantity], used, "{name} on {}", entry["local"]);
            }
        }
        let expected = match name {
            "GAS1" | "WAT1" => 4,
            "HEAT1" => 3,
            "CAR1" => 2,
            "COLD1" => 1,
            _ => 0,
        };
        assert_eq!(whole, expected, "{name}: {days}");
        let (first, last) = (known.first_key_value().unwrap().1, known.last_key_value().unwrap().1);
        for longer in ["months", "years"] {
            let sum: i64 =
                ask(longer)["entries"].as_array().unwrap().iter().filter_map(|entry| entry[quantity].as_i64()).sum();
            assert_eq!(sum, last - first, "{longer} of {name} are what its register rose by");
        }
    }

    // What a telegram had is shown, at the devices' own times.
    let last = daemon.json("/api/v1/meters/home/last");
    let ids: Vec<&str> =
        last["devices"].as_array().unwrap().iter().map(|device| device["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["WAT1", "GAS1", "HEAT2", "CAR1"].map(hex));
    let (time, value) = sent.newest("GAS1");
    let gas = &last["devices"][1];
    assert_eq!((&gas["time"], &gas["volume_dm3"]), (&time.into(), &value.into()));
    assert!(last["time"].as_i64().unwrap() > time, "the device has a time of its own");
    let midnight = MIDNIGHT + 4 * DAY;
    assert_eq!(gas["volume_day_dm3"], value - sent.at("GAS1", midnight));
    let first = sent.captures[&hex("GAS1")].first_key_value().unwrap().1;
    assert_eq!(gas["volume_month_dm3"], value - first, "so far as it is known");
    assert_eq!(daemon.json("/api/v1/meters/home/quarantine")["entries"], serde_json::json!([]));

    let (code, report, err) =
        finish(smartyreader().args(["report", "--day", "2026-11-23", "--config"]).arg(&daemon.config));
    assert_eq!(code, 0, "{err}");
    let used = |name: &str| sent.at(name, MIDNIGHT + DAY) - sent.at(name, MIDNIGHT);
    let line =
        |label: &str| report.lines().find(|line| line.trim().starts_with(label)).unwrap_or_else(|| panic!("{report}"));
    assert!(used("GAS1") > 1000 && used("HEAT1") < 1000, "as the figures below are written");
    let litres = used("GAS1");
    assert!(line("Gas in the cellar").contains(&format!("{}.{:03} m³", litres / 1000, litres % 1000)), "{report}");
    assert!(line("Heat").contains(&format!("0.{:03} GJ", used("HEAT1"))), "{report}");
    assert!(!line("Heat").contains("as far as it was measured") && !report.contains("Electricity"), "{report}");

    // After a restart, before anything is read, the same is known from the store.
    let config = folder.write(
        "again.toml",
        &std::fs::read_to_string(&daemon.config)
            .unwrap()
            .replace("kind = \"file\"\npath = \"days.bin\"", "kind = \"tcp\"\naddress = \"127.0.0.1:1\""),
    );
    let address = daemon.address.clone();
    drop(daemon);
    let daemon = Daemon::start_with(config, address);
    let again = daemon.json("/api/v1/meters/home/last");
    let of = |last: &Value, id: &str| -> Value {
        let devices = last["devices"].as_array().unwrap();
        let mut found = devices.iter().find(|device| device["id"] == id).unwrap().clone();
        found.as_object_mut().unwrap().remove("first_time");
        found
    };
    for name in ["WAT1", "GAS1", "HEAT2", "CAR1"] {
        assert_eq!(of(&again, &hex(name)), of(&last, &hex(name)), "{name}");
    }
}

#[test]
fn a_broker_gets_each_device_with_its_own_time() {
    let folder = Folder::new("devices-mqtt");
    let broker = Broker::start(&folder, Security::Plain);
    let listener = broker.listen("#");
    // From half past eleven to half past one, the places changed at one.
    let mut meter_of = house(MIDNIGHT - 30 * 60);
    let mut sent = Sent::default();
    sent.until(&mut meter_of, MIDNIGHT + HOUR);
    meter_of.exchange_channels(1, 2);
    meter_of.turn_valve(2, 0);
    sent.until(&mut meter_of, MIDNIGHT + 90 * 60);
    let capture = folder.file("night.bin");
    std::fs::write(&capture, &sent.bytes).unwrap();
    let (_meter, address) = meter(&["--delay", "1", "--capture", capture.to_str().unwrap()]);
    let daemon = Daemon::start(
        &folder,
        &format!(
            "[source.cable]\nkind = \"tcp\"\naddress = \"{address}\"\n[meter.home]\n[mqtt.house]\n{}[mqtt.house.registers]\nevery = \"1s\"\n",
            broker.settings()
        ),
    );
    let topic = |name: &str| format!("smartyreader/home/device/{}", hex(name));
    let (time, value) = sent.newest("GAS1");
    listener.wait("the last capture of gas, with its valve closed", |heard| {
        let of_gas = |message: &&common::broker::Heard| message.topic == topic("GAS1");
        heard.iter().rfind(of_gas).is_some_and(|last| last.json()["time_unix"] == time && last.json()["valve"] == 0)
    });
    let end = meter_of.next_at() - 300;
    listener.wait("the last telegram", |heard| {
        heard.iter().any(|message| message.topic == "smartyreader/home/registers" && message.json()["time_unix"] == end)
    });
    let last = |name: &str| listener.on(&topic(name)).pop().unwrap().json();
    let gas = last("GAS1");
    let used = value - sent.at("GAS1", MIDNIGHT);
    assert_eq!((&gas["medium"], &gas["title"], &gas["channel"]), (&"gas".into(), &"Gas".into(), &2.into()));
    assert_eq!((&gas["volume_dm3"], &gas["volume_day_dm3"]), (&value.into(), &used.into()));
    assert!(gas["time"].as_str().unwrap().ends_with("+01:00"));
    // One message a capture or change, not one a telegram.
    let times: Vec<i64> =
        listener.on(&topic("HEAT1")).iter().map(|heard| heard.json()["time_unix"].as_i64().unwrap()).collect();
    let mut captures = times.clone();
    captures.dedup();
    assert_eq!(captures, sent.captures[&hex("HEAT1")].keys().copied().collect::<Vec<_>>());
    // Once more at midnight, where nothing was used yet today.
    assert!(times.len() <= captures.len() + 1, "{times:?}");
    assert_eq!(last("HEAT1")["energy_day_mj"], sent.newest("HEAT1").1 - sent.at("HEAT1", MIDNIGHT));
    assert_eq!(last("COLD1")["energy_mj"], sent.newest("COLD1").1);

    // The names of old agree, on whichever channel it hangs.
    let live = listener.on("smartyreader/home/live").pop().unwrap().json();
    assert_eq!(live["gas_day_dm3"], used);
    let registers = listener.on("smartyreader/home/registers").pop().unwrap().json();
    assert_eq!((&registers["gas_dm3"], &registers["gas_time_unix"]), (&value.into(), &time.into()));
    assert_eq!(registers["water_dm3"], sent.newest("WAT1").1);

    // Home Assistant's entities stay who they are.
    listener.wait("announced with the new places", |heard| {
        heard.iter().filter(|message| message.topic == "homeassistant/device/smartyreader_home/config").count() >= 2
    });
    for announced in listener.on("homeassistant/device/smartyreader_home/config") {
        let entities = announced.json()["cmps"].clone();
        assert_eq!(entities["gas_month"]["stat_t"], topic("GAS1"));
        assert_eq!(entities["water_day"]["stat_t"], topic("WAT1"));
        assert_eq!(entities["water_day"]["dev_cla"], "water");
        assert_eq!(entities["cooling_month"]["unit_of_meas"], "GJ");
        assert_eq!((&entities["gas"]["dev_cla"], &entities["gas"]["unit_of_meas"]), (&"gas".into(), &"m³".into()));
        assert_eq!(entities["gas"]["stat_cla"], "total_increasing");
        assert_eq!(entities["gas_valve_open"]["p"], "binary_sensor");
    }
    // Who comes later finds them.
    let late = broker.listen("smartyreader/home/device/#");
    late.wait("four devices", |heard| heard.len() >= 4);
    assert!(late.all().iter().all(|heard| heard.retained));
    drop(daemon);
}

/// Gas alone, a few seconds after it was captured.
fn gas(captured: i64, value: i64) -> MeterReading {
    let mut values = Values::EMPTY;
    values.set(MBUS[0].device_type, 3);
    values.set(MBUS[0].register, value);
    values.set(MBUS[0].time, captured);
    MeterReading {
        meter: "home".into(),
        segment: "SAG1".into(),
        time: captured + 5,
        clock: Clock::Meter,
        received: captured + 6,
        ident: 1,
        proof: Proof::Plain,
        values,
        texts: vec![("0-1:96.1.0".into(), "4741".into()), ("mbus1_unit".into(), "m3".into())],
    }
}

#[test]
fn who_accepts_a_fall_says_that_the_register_began_anew() {
    let folder = Folder::new("devices-accept");
    let mut store = Store::open(Options { reserve_bytes: 0, ..Options::new(folder.file("test.db")) }).unwrap();
    for (hour, value) in [(0, 900), (1, 920), (2, 3), (3, 7)] {
        store.append(&gas(MIDNIGHT + hour * HOUR, value)).unwrap();
    }
    drop(store);
    let daemon = Daemon::start(&folder, "[source.nothing]\nkind = \"tcp\"\naddress = \"127.0.0.1:1\"\n[meter.home]\n");
    let of_gas = || daemon.json("/api/v1/meters/home/devices")["devices"][0].clone();
    assert_eq!((&of_gas()["volume_dm3"], &of_gas()["volume_day_dm3"]), (&920.into(), &20.into()));
    let waiting = daemon.json("/api/v1/meters/home/quarantine")["entries"][0].clone();
    assert_eq!((&waiting["device"], &waiting["time"]), (&"4741".into(), &(MIDNIGHT + 2 * HOUR).into()));
    let url = format!("http://{}/api/v1/meters/home/quarantine/{}/accept", daemon.address, waiting["id"]);
    assert_eq!(ureq::post(url).send_empty().unwrap().status(), 204);
    assert_eq!((&of_gas()["volume_dm3"], &of_gas()["volume_day_dm3"]), (&7.into(), &20.into()));
    let days = daemon.json("/api/v1/meters/home/devices/4741/days?from=2026-11-23&to=2026-11-24");
    assert_eq!((&days["entries"][0]["volume_dm3"], &days["entries"][0]["complete"]), (&20.into(), &false.into()));
    assert_eq!(days["gaps"][0]["reason"], "register reset");
}

/// The live books ignore what the store puts into quarantine, and go on from there when someone says that it is true.
#[test]
fn live_and_stored_books_agree_before_and_after_a_word() {
    let folder = Folder::new("devices-word");
    let path = folder.file("test.db");
    let mut store = Store::open(Options { reserve_bytes: 0, ..Options::new(&path) }).unwrap();
    let calendar = Calendar::luxembourg();
    let mut accounts = Accounts::new(calendar, Settings::DEFAULT, HashMap::new());
    let take = |store: &mut Store, accounts: &mut Accounts, hour: i64, value: i64| {
        let reading = gas(MIDNIGHT + hour * HOUR, value);
        store.append(&reading).unwrap();
        let (_, calculated, devices) = accounts.take(&reading);
        assert_eq!((calculated.gas_dm3, calculated.day_gas_dm3), (Some(devices[0].value), devices[0].day));
        let reader = Reader::open(&path).unwrap();
        let state = reader.device_states("home", reading.time).unwrap().remove(0);
        assert_eq!(state.books.last().map(|last| (last.time, last.value)), Some((devices[0].time, devices[0].value)));
        assert_eq!([state.day.now(&state.books), state.month.now(&state.books)], [devices[0].day, devices[0].month]);
        (devices[0].value, devices[0].day)
    };
    assert_eq!(take(&mut store, &mut accounts, -1, 900), (900, Some(0)));
    assert_eq!(take(&mut store, &mut accounts, 0, 910), (910, Some(0)));
    assert_eq!(take(&mut store, &mut accounts, 1, 930), (930, Some(20)));
    assert_eq!(take(&mut store, &mut accounts, 2, 3), (930, Some(20)), "a fall is not believed");
    assert_eq!(take(&mut store, &mut accounts, 3, 7), (930, Some(20)));
    let id = store.quarantine_list("home").unwrap()[0].id;
    store.accept(id).unwrap();
    let states = Reader::open(&path).unwrap().device_states("home", MIDNIGHT + 3 * HOUR).unwrap();
    accounts.renew_devices("home", states);
    assert_eq!(take(&mut store, &mut accounts, 4, 11), (11, Some(24)));
    // A program that starts again knows the same.
    let mut again = Accounts::new(Calendar::luxembourg(), Settings::DEFAULT, HashMap::new());
    let resumed = store.resume("home").unwrap().unwrap();
    again.seed("home", resumed, &Reader::open(&path).unwrap()).unwrap();
    assert_eq!(take(&mut store, &mut again, 5, 20), (20, Some(33)));
}

#[test]
fn titles_are_checked_and_devices_of_the_virtual_meter_too() {
    let folder = Folder::new("devices-config");
    let config = |more: &str| {
        let text = format!(
            "[source.x]\nkind = \"tcp\"\naddress = \"127.0.0.1:1\"\n[meter.home]\n[meter.home.devices]\n{more}\n"
        );
        let path = folder.write("test.toml", &text);
        finish(smartyreader().args(["check", "--config"]).arg(path))
    };
    assert_eq!(config("\"4730303339303031\" = \"Gas\"").0, 0);
    let (code, out, err) = config("\"a/b\" = \"Gas\"");
    assert_ne!(code, 0);
    assert!(format!("{out}{err}").contains("\"a/b\" in `devices` is no identifier"), "{out}{err}");
    for (arguments, words) in [
        (&["--device", "milk"][..], "there is no device milk; there are gas, water"),
        (&["--profile", "luxembourg-gas", "--device", "water"], "has a gas meter of its own"),
    ] {
        let (code, _, err) = finish(smartyreader().args(["meter", "--to", "-", "--count", "1"]).args(arguments));
        assert_ne!(code, 0);
        assert!(err.contains(words), "{err}");
    }
}
