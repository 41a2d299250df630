//! The firmware in QEMU and everything that can go wrong: security, a hurt line, kills; and what it costs.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod common;

use common::board::{Board, ENTRIES, HOST, START, image, meter, of, quarters, settings};
use common::broker::{Broker, Heard, Listener, Security};
use common::{Daemon, Folder, KEY};
use smarty_meter::{MeterConfig, Profile, VirtualMeter};

fn now() -> i64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() as i64
}

/// The board against a broker with this security: what it says, once it has said something.
fn secured(name: &str, security: Security, settings_more: &str, authority: Option<&str>) -> Option<(bool, String)> {
    image()?;
    let folder = Folder::new(&format!("board-{name}"));
    let broker = Broker::start(&folder, security);
    let listener = broker.listen("smartyreader/#");
    let mut board = Board::new(&folder, "board", &settings(&broker, settings_more))?;
    if let Some(file) = authority {
        let pem = std::fs::read(folder.file(file)).unwrap();
        board.give("certificate", &openssl::x509::X509::from_pem(&pem).unwrap().to_der().unwrap());
    }
    board.go();
    // The meter says what day it is; a certificate's dates are checked by that.
    let mut meter = meter(now() - 60, 10);
    for _ in 0..3 {
        board.hear(&meter.next_telegram().frame);
    }
    let until = std::time::Instant::now() + std::time::Duration::from_mins(1);
    // The first refusals may be from before there was a network.
    while !(board.log().contains(": connected") || board.log().matches("WARN broker").count() > 2) {
        assert!(std::time::Instant::now() < until, "{}", board.log());
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let connected = board.log().contains(": connected");
    if connected {
        listener.first("smartyreader/home/live");
    } else {
        assert!(listener.all().is_empty());
    }
    assert!(!board.log().contains("PANIC"), "{}", board.log());
    Some((connected, board.log()))
}

#[test]
fn a_common_key_good_and_wrong() {
    let identity = "tls = psk\npsk-identity = smarty\npsk-key = ";
    let good = format!("{identity}{}\n", common::broker::PSK);
    let Some((connected, log)) = secured("psk", Security::Psk, &good, None) else { return };
    assert!(connected, "{log}");
    let wrong = format!("{identity}ff112233445566778899aabbccddeeff\n");
    let (connected, log) = secured("psk-wrong", Security::Psk, &wrong, None).unwrap();
    assert!(!connected && log.contains("refuses this identity and key"), "{log}");
}

#[test]
fn a_certificate_good_and_wrong() {
    let with = "tls = certificate\ntls-name = ";
    let Some((connected, log)) = secured("certificate", Security::Tls, &format!("{with}localhost\n"), Some("ca.pem"))
    else {
        return;
    };
    assert!(connected, "{log}");
    for (name, security, server, authority) in [
        ("authority", Security::Tls, "localhost", "foreign-ca.pem"),
        ("name", Security::Tls, "elsewhere", "ca.pem"),
        ("date", Security::ExpiredTls, "localhost", "ca.pem"),
    ] {
        let (connected, log) = secured(name, security, &format!("{with}{server}\n"), Some(authority)).unwrap();
        assert!(!connected && log.contains("its certificate is not signed"), "{name}: {log}");
    }
    let (connected, log) = secured("none", Security::Tls, &format!("{with}localhost\n"), None).unwrap();
    assert!(!connected && log.contains("no certificate of an authority"), "{log}");
}

#[test]
fn user_and_password_good_and_wrong() {
    let login = |password: &str| format!("broker-user = {}\nbroker-password = {password}\n", common::broker::USER);
    let Some((connected, log)) = secured("login", Security::Password, &login(common::broker::PASSWORD), None) else {
        return;
    };
    assert!(connected, "{log}");
    let (connected, log) = secured("login-wrong", Security::Password, &login("wrong"), None).unwrap();
    assert!(!connected && log.contains("the broker refuses"), "{log}");
    assert!(!log.contains(common::broker::PASSWORD), "a password is never logged");
}

/// A board and its broker, without a daemon beside it.
struct Alone {
    board: Board,
    heard: Listener,
    broker: Broker,
    folder: Folder,
}

impl Alone {
    fn new(name: &str, more: &str) -> Option<Self> {
        image()?;
        let folder = Folder::new(&format!("board-{name}"));
        let broker = Broker::start(&folder, Security::Plain);
        let heard = broker.listen_with("smartyreader/#", &["-i", "listener", "-c"]);
        let board = Board::start(&folder, "board", &settings(&broker, more))?;
        board.wait(": connected", 1);
        Some(Self { board, heard, broker, folder })
    }

    fn status(&self) -> serde_json::Value {
        self.heard.on("smartyreader/home/status").last().map_or(serde_json::Value::Null, Heard::json)
    }

    fn wait_for_status(&self, what: &str, holds: impl Fn(&serde_json::Value) -> bool) {
        self.heard
            .wait(what, |heard| of(heard, "smartyreader/home/status").last().is_some_and(|last| holds(&last.json())));
    }
}

#[test]
fn noise_broken_frames_strangers_and_replays() {
    use smarty_meter::{Fault, Line, Script};
    let Some(mut house) = Alone::new("faults", "status-every = 1\naddress = 10.0.2.77/24\ngateway = 10.0.2.2\n") else {
        return;
    };
    let script = Script::new()
        .with(2, Fault::NoiseBefore { bytes: 300 })
        .with(4, Fault::FlipBits { count: 1 })
        .with(6, Fault::Truncate { keep: None })
        .with(8, Fault::FalseStart)
        .with(10, Fault::ForeignMeter { seed: 9 })
        .with(12, Fault::Replay { back: 5 })
        .with(14, Fault::Twice)
        .with(16, Fault::WrongKey { telegrams: 2 })
        .with(20, Fault::Plain { telegrams: 1 })
        .with(22, Fault::Hdlc)
        .with(24, Fault::DropBytes { count: 2 })
        .with(26, Fault::CounterJump { to: 1_000_000 });
    let mut truth = Vec::new();
    for chunk in Line::new(meter(START, 10), script).until(30) {
        house.board.hear(&chunk.bytes);
        if let Some(telegram) = &chunk.truth {
            let time = telegram.time().unwrap();
            truth.push(time);
            house.heard.wait("the telegram", |heard| {
                of(heard, "smartyreader/home/live").last().is_some_and(|live| live.json()["time_unix"] == time)
            });
        }
        // The meter is silent between two telegrams; that is when what was begun is given up.
        if !chunk.faults.is_empty() {
            std::thread::sleep(std::time::Duration::from_millis(700));
        }
    }
    let lives: Vec<i64> = house
        .heard
        .on("smartyreader/home/live")
        .iter()
        .map(|live| live.json()["time_unix"].as_i64().unwrap())
        .collect();
    assert_eq!(lives, truth);
    let telegrams = truth.len();
    house.wait_for_status("all counted", |status| status["counters"]["telegrams"] == telegrams);
    let status = house.status();
    for counter in ["noise", "tag_mismatch", "replay", "duplicate", "plain_refused"] {
        assert!(status["counters"][counter].as_u64() > Some(0), "{counter}: {status}");
    }
    assert_eq!(status["proof"], "tag");
}

#[test]
fn a_wrong_key_is_said_and_never_shown() {
    let Some(mut house) = Alone::new("key", "status-every = 1\nmeter-key = 0123456789abcdef0123456789abcdef\n") else {
        return;
    };
    let mut meter = meter(START, 10);
    for _ in 0..3 {
        house.board.hear(&meter.next_telegram().frame);
    }
    house.wait_for_status("the key", |status| {
        status["sentence"].as_str().unwrap().contains("this key does not open them")
    });
    house.wait_for_status("each frame", |status| status["counters"]["tag_mismatch"].as_u64() >= Some(3));
    assert!(house.heard.on("smartyreader/home/live").is_empty());
    let everything = house.heard.all().iter().map(Heard::text).collect::<String>() + &house.board.log();
    assert!(!everything.contains("0123456789abcdef"), "a key is never shown");
}

#[test]
fn sealed_frames_pass_unopened_and_the_daemon_opens_them() {
    let Some(mut house) = Alone::new("relay", "relay = on\nmeter-key =\n") else { return };
    let key = house.folder.write("meter.key", KEY);
    let daemon = Daemon::start(
        &house.folder,
        &format!(
            "[mqtt.house]\n{}publish-native = false\n[source.board]\nkind = \"mqtt\"\nbroker = \"house\"\n\
             topics = [\"smartyreader/home/sealed\"]\n[meter.home]\nkey-file = \"{}\"\n",
            house.broker.settings(),
            key.display()
        ),
    );
    daemon.wait("it listens", |daemon| daemon.health()["sources"][0]["state"] == "reading");
    let mut meter = meter(START, 10);
    let mut sent = Vec::new();
    for number in 1..=20 {
        let frame = meter.next_telegram().frame;
        house.board.hear(&frame);
        sent.push(frame);
        house.heard.wait("the frame", |heard| of(heard, "smartyreader/home/sealed").len() == number);
    }
    let passed: Vec<Vec<u8>> =
        house.heard.on("smartyreader/home/sealed").into_iter().map(|heard| heard.payload).collect();
    assert_eq!(passed, sent);
    daemon.wait("all opened", |daemon| daemon.health()["meters"][0]["telegrams"] == 20);
    assert_eq!(daemon.health()["meters"][0]["proof"], "tag");
    assert!(house.heard.on("smartyreader/home/live").is_empty());
    assert!(house.status()["proof"].is_null(), "what is not opened is not proven");
}

/// A broker that neither answers nor hangs up: the meter is read all the same, and what closed comes afterwards.
#[test]
fn a_broker_that_hangs() {
    let Some(mut house) = Alone::new("hangs", "") else { return };
    let mut meter = meter(START + 600, 180);
    let mut hear = |board: &mut Board, count: usize| {
        for _ in 0..count {
            board.hear(&meter.next_telegram().frame);
        }
    };
    hear(&mut house.board, 6);
    house.heard.first(ENTRIES[0]);
    house.broker.freeze(true);
    hear(&mut house.board, 100);
    house.board.wait("WARN broker", house.board.log().matches("WARN broker").count() + 1);
    hear(&mut house.board, 20);
    house.broker.freeze(false);
    // 126 telegrams: the first lies on a border, five are a quarter-hour.
    house.heard.wait("all quarter-hours", |heard| {
        let mut starts: Vec<String> = of(heard, ENTRIES[0]).iter().map(|heard| heard.text()).collect();
        starts.dedup();
        starts.len() == 25
    });
    house.heard.wait("how the board is", |heard| {
        of(heard, "smartyreader/home/board").last().is_some_and(|board| board.json()["owed"] == 0)
    });
    let board = house.heard.on("smartyreader/home/board").last().unwrap().json();
    assert_eq!(
        (&board["meter_overrun_b"], &board["flash_errors"], &board["too_long"]),
        (&0.into(), &0.into(), &0.into())
    );
}

/// Whatever a test needs to be different each time and the same in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

/// The board is killed so many times, at any moment. Settings stay, and over all quarter-hours and gaps together the energy is
/// that of the register.
fn killed(times: usize) {
    let Some(mut house) = Alone::new("kills", "") else { return };
    let first = START + 600;
    let mut meter = meter(first, 180);
    let mut registers = std::collections::BTreeMap::new();
    let mut next = |board: &mut Board| {
        let telegram = meter.next_telegram();
        registers.insert(telegram.time().unwrap(), telegram.values.registers.energy_import_wh as i64);
        board.hear(&telegram.frame);
    };
    next(&mut house.board);
    house.heard.first("smartyreader/home/live");
    // From here on it has to know its settings itself.
    house.board.take_back("settings");
    let mut dice = Dice(7);
    for life in 0..times {
        for _ in 0..dice.below(30) {
            next(&mut house.board);
            std::thread::sleep(std::time::Duration::from_millis(dice.below(80)));
        }
        std::thread::sleep(std::time::Duration::from_millis(dice.below(700)));
        house.board.kill();
        if life == 0 {
            house.heard.wait("the last will", |heard| {
                of(heard, "smartyreader/availability").last().is_some_and(|said| said.text() == "offline")
            });
        }
        house.board.go();
        // Mostly it gets far enough to publish; sometimes not even the start is over. In the last life it does: what is sent
        // before would come all at once, faster than any line.
        if dice.below(3) > 0 || life + 1 == times {
            house.board.wait(": connected", house.board.log().matches(": connected").count() + 1);
        }
        assert!(!house.board.log().contains("PANIC"), "life {life}: {}", house.board.log());
    }
    for _ in 0..15 {
        next(&mut house.board);
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let last_border = registers.keys().rfind(|time| *time % 900 == 0).copied().unwrap();
    let entry = |heard: &Heard| {
        let entry = heard.json();
        let number = |name: &str| entry[name].as_i64().unwrap();
        (number("start_unix"), number("end_unix"), number("energy_import_wh"))
    };
    let entries = |heard: &[Heard]| {
        let ours = heard.iter().filter(|heard| ENTRIES.contains(&heard.topic.as_str()));
        let mut entries: Vec<_> = ours.filter(|heard| heard.json()["energy_import_wh"].is_i64()).map(entry).collect();
        entries.sort_unstable();
        // What was on its way when the power went comes again, the same.
        entries.dedup();
        entries
    };
    house.heard.wait("the last border", |heard| entries(heard).last().is_some_and(|last| last.1 >= last_border));
    let entries = entries(&house.heard.all());
    assert_eq!(entries[0].0, first);
    for pair in entries.windows(2) {
        assert_eq!(pair[0].1, pair[1].0, "one behind the other: {pair:?}");
    }
    let sum: i64 = entries.iter().map(|entry| entry.2).sum();
    assert_eq!(sum, registers[&last_border] - registers[&first]);
    let quarters = entries.iter().filter(|entry| entry.1 - entry.0 == 900).count();
    eprintln!("{times} kills: {} entries, {quarters} of them quarter-hours", entries.len());
}

#[test]
fn killed_twenty_times() {
    killed(20);
}

#[test]
#[ignore = "minutes: `make soak`"]
fn killed_two_hundred_times() {
    killed(200);
}

#[test]
fn the_time_the_name_and_the_log_in_the_network() {
    use std::net::UdpSocket;
    let Some(()) = image().map(drop) else { return };
    let folder = Folder::new("board-network");
    let bind = || {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
        socket
    };
    let (clock, log, asker) = (bind(), bind(), bind());
    let port = |socket: &UdpSocket| socket.local_addr().unwrap().port();
    let lines = format!(
        "host-name = cellar\ntime-server = {HOST}:{}\nlog-address = {HOST}\nlog-port = {}\n",
        port(&clock),
        port(&log)
    );
    let mut board = Board::new(&folder, "board", &lines).unwrap();
    let names = port(&bind());
    board.names = Some(names);
    board.go();
    // A time server that says noon of 2026-11-23.
    let mut packet = [0; 64];
    let (length, from) = clock.recv_from(&mut packet).unwrap();
    assert_eq!((length, packet[0]), (48, 0x23));
    let mut answer = [0; 48];
    (answer[0], answer[1]) = (0x24, 1);
    answer[24..32].copy_from_slice(&packet[40..48]);
    answer[40..44].copy_from_slice(&(1_795_431_600_u64 + 2_208_988_800).to_be_bytes()[4..]);
    clock.send_to(&answer, from).unwrap();
    board.wait("it is 1795431600", 1);
    // The same line comes over the network.
    let mut line = [0; 256];
    loop {
        let (length, _) = log.recv_from(&mut line).unwrap();
        if String::from_utf8_lossy(&line[..length]).contains("it is 1795431600") {
            break;
        }
    }
    // cellar.local, asked for its address.
    let question = b"\0\x07\0\0\0\x01\0\0\0\0\0\0\x06cellar\x05local\0\0\x01\0\x01";
    asker.send_to(question, ("127.0.0.1", names)).unwrap();
    let (length, _) = asker.recv_from(&mut packet).unwrap();
    assert_eq!(packet[..4], [0, 7, 0x84, 0]);
    assert_eq!(packet[length - 4..length], [10, 0, 2, 15]);
}

/// What a chip at 160 MHz does in a second, if it waits for its flash as much as was measured on the emulated one.
const INSTRUCTIONS_A_SECOND: u64 = 125_000_000;

#[test]
fn a_telegram_a_second_costs_a_hundredth_of_the_chip() {
    let Some(()) = image().map(drop) else { return };
    let folder = Folder::new("board-cost");
    let mut board = Board::new(&folder, "board", &format!("meter-key = {KEY}\n")).unwrap();
    board.give("bench", b"1");
    // An instruction a nanosecond: the counter counts nanoseconds.
    board.more = vec!["-icount".into(), "shift=0".into()];
    board.go();
    board.wait("bench", 1);
    let mut meter = VirtualMeter::new(MeterConfig {
        key: Some([0x5A; 16]),
        start: START,
        period_s: 300,
        ..MeterConfig::new(Profile::LuxembourgFull)
    });
    for number in 1..=6 {
        board.hear(&meter.next_telegram().frame);
        board.wait("cost of", number);
    }
    let cost = board.last("cost of").unwrap();
    let numbers: Vec<u64> = cost.split(' ').filter_map(|word| word.parse().ok()).collect();
    let [bytes, open, book, write, message] = numbers[..] else { panic!("{cost}") };
    let all = open + book + write;
    let permille = all * 1000 / INSTRUCTIONS_A_SECOND;
    eprintln!(
        "a frame of {bytes} bytes: {open} instructions to open and read it, {book} to book it, {write} to write {message} bytes; \
         {permille} thousandths of the chip at a telegram a second"
    );
    assert!(bytes > 900);
    assert!(all < INSTRUCTIONS_A_SECOND / 100, "{cost}");
}

/// Two days of a meter that sends every thirty seconds, as fast as the board takes it: nothing in it grows.
#[test]
#[ignore = "a quarter of an hour: `make soak`"]
fn two_days_without_growth() {
    let Some(mut house) = Alone::new("days", "status-every = 5\nhome-assistant = on\nformat = v1.7-both\n") else {
        return;
    };
    let mut meter = meter(START + 600, 30);
    let mut free = Vec::new();
    for quarter in 1..=2 * 96 {
        for _ in 0..30 {
            house.board.hear(&meter.next_telegram().frame);
        }
        house.heard.wait("the quarter-hour", |heard| of(heard, ENTRIES[0]).len() + 1 >= quarter);
        let board = house.heard.on("smartyreader/home/board").last().map(Heard::json);
        free.extend(board.and_then(|board| board["stack_free_b"].as_u64()));
    }
    let quarters = quarters(&house.heard);
    let mut once = quarters.clone();
    once.dedup();
    assert_eq!(quarters.len(), once.len(), "each once");
    // After the first hours everything that happens has happened; the deepest stack is known.
    let (early, late) = (free[free.len() / 4], *free.last().unwrap());
    eprintln!("{} quarter-hours; stack never used: {early} bytes after half a day, {late} at the end", quarters.len());
    assert!(late + 512 >= early && late > 16 * 1024);
    assert!(!house.board.log().contains("PANIC"));
}
