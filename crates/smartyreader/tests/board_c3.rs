//! The ESP32-C3's own flash image, with a W5500, in the emulator against a real broker.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod common;

use std::io::Write as _;
use std::net::TcpListener;
use std::process::Command;
use std::thread;
use std::time::Duration;

use common::broker::{Broker, Heard, PSK, PSK_IDENTITY, Security};
use common::c3::{board, meter, turn};
use common::{Daemon, Folder, KEY, finish};

/// How many live messages have come.
fn live(heard: &[Heard]) -> usize {
    heard.iter().filter(|heard| heard.topic == "smartyreader/home/live").count()
}

#[test]
fn its_messages_are_the_daemons() {
    let _turn = turn();
    let folder = Folder::new("c3-same");
    let brokers = ["board", "daemon"].map(|name| {
        let own = Folder::new(&format!("c3-same-{name}"));
        (Broker::start(&own, Security::Plain), own)
    });
    let Some(mut board) = board(&folder, &brokers[0].0, &[]) else { return };
    let heard = brokers.each_ref().map(|(broker, _)| broker.listen("#"));
    let cable = TcpListener::bind("127.0.0.1:0").unwrap();
    let key = folder.write("meter.key", KEY);
    let text = format!(
        "[source.cable]\nkind = \"tcp\"\naddress = \"{}\"\n[meter.home]\nkey-file = \"{}\"\n[mqtt.house]\n{}",
        cable.local_addr().unwrap(),
        key.display(),
        brokers[1].0.settings()
    );
    let _daemon = Daemon::start(&folder, &text);
    let (mut line, _) = cable.accept().unwrap();
    board.go();
    board.wait("connected", 1);
    heard[1].first("smartyreader/availability");
    // A minute, with the border of a quarter-hour in it.
    let mut meter = meter(10);
    for count in 1..=6 {
        let telegram = meter.next_telegram();
        board.hear(&telegram.frame);
        line.write_all(&telegram.frame).unwrap();
        for listener in &heard {
            listener.wait("the live message", |heard| live(heard) == count);
        }
    }
    for topic in ["live", "registers", "gap"] {
        let topic = format!("smartyreader/home/{topic}");
        let [mine, theirs] = heard.each_ref().map(|listener| {
            listener.first(&topic);
            listener.on(&topic).iter().map(|heard| (heard.text(), heard.qos)).collect::<Vec<_>>()
        });
        assert_eq!(mine, theirs, "{topic}");
    }
    assert!(!board.log().contains("lost"), "{}", board.log());
}

/// What comes of four telegrams: live messages, and bytes that were nothing.
fn four_telegrams(name: &str, setting: &str, emulator: &[&str]) -> Option<(usize, u64)> {
    let folder = Folder::new(name);
    let broker = Broker::start(&folder, Security::Plain);
    let mut board = board(&folder, &broker, &[setting, "status-every=1"])?;
    board.more = emulator.iter().map(ToString::to_string).collect();
    let heard = broker.listen("#");
    board.go();
    board.wait("connected", 1);
    let mut meter = meter(10);
    for _ in 0..4 {
        board.hear(&meter.next_telegram().frame);
        thread::sleep(Duration::from_millis(300));
    }
    thread::sleep(Duration::from_secs(4));
    let status = heard.on("smartyreader/home/status").last().unwrap().json();
    Some((live(&heard.all()), status["counters"]["telegrams"].as_u64().unwrap()))
}

#[test]
fn an_inverted_line_is_read_with_the_inverter_and_only_then() {
    let _turn = turn();
    let Some(new_board) = four_telegrams("c3-inverted", "inverted=on", &[]) else { return };
    assert_eq!(new_board, (4, 4));
    // The same with the chip's inverter off: nothing can be read. This is what would happen if the setting did nothing.
    assert_eq!(four_telegrams("c3-mutant", "inverted=off", &[]).unwrap(), (0, 0));
    // Boards before 2.0 have a transistor on the way, and ask for data by a low level at D3; only the first is tried here,
    // because D3 is the chip select of the W5500.
    assert_eq!(four_telegrams("c3-upright", "inverted=off", &["--upright"]).unwrap(), (4, 4));
    assert_eq!(four_telegrams("c3-twice", "inverted=on", &["--upright"]).unwrap(), (0, 0));
}

#[test]
fn pin_and_speed_are_those_of_the_settings() {
    let _turn = turn();
    let wired = ["--meter-pin", "3", "--baud", "9600", "--request", "21=1"];
    let Some((_, telegrams)) = four_telegrams("c3-other", "request-pin=21", &wired[..0]) else { return };
    assert_eq!(telegrams, 4);
    let folder = Folder::new("c3-wired");
    let broker = Broker::start(&folder, Security::Plain);
    let more = ["meter-pin=3", "baud=9600", "request-pin=21"];
    let mut board = board(&folder, &broker, &more).unwrap();
    board.more = wired.iter().map(ToString::to_string).collect();
    let heard = broker.listen("#");
    board.go();
    board.wait("connected", 1);
    board.hear(&meter(10).next_telegram().frame);
    heard.first("smartyreader/home/live");
}

#[test]
fn no_byte_is_lost_while_it_shakes_hands() {
    let handshakes = |log: &str| log.matches("connected").count();
    let _turn = turn();
    let folder = Folder::new("c3-flood");
    let mut broker = Broker::start(&folder, Security::Psk);
    let psk = [format!("psk-identity={PSK_IDENTITY}"), format!("psk-key={PSK}")];
    let Some(mut board) = board(&folder, &broker, &["tls=psk", "status-every=1", &psk[0], &psk[1]]) else { return };
    board.go();
    board.wait("connected", 1);
    // A telegram a second, by a meter that never waits, for twenty of them or, where all is slow, until there were four
    // handshakes: the broker goes and comes back meanwhile.
    let mut meter = meter(1);
    let mut second = 0;
    while second < 20 || second % 4 == 2 || handshakes(&board.log()) < 4 {
        second += 1;
        assert!(second <= 120, "{second} telegrams, and still: {}", board.log());
        board.hear(&meter.next_telegram().frame);
        if second % 4 == 2 {
            broker.stop();
        }
        if second % 4 == 3 {
            broker.go();
        }
        thread::sleep(Duration::from_secs(1));
    }
    let heard = broker.listen("#");
    heard.wait("all telegrams in the status", |heard| {
        heard.iter().any(|heard| {
            heard.topic == "smartyreader/home/status" && heard.json()["counters"]["telegrams"].as_u64() == Some(second)
        })
    });
    assert!(!board.log().contains("of the meter lost"), "{}", board.log());
    eprintln!("{second} telegrams of {second}, {} handshakes", handshakes(&board.log()));
}

#[test]
fn a_certificate_is_checked_and_the_stack_lasts() {
    let _turn = turn();
    let folder = Folder::new("c3-certificate");
    let broker = Broker::start(&folder, Security::Tls);
    let der = folder.file("ca.der");
    let mut openssl = Command::new("openssl");
    openssl.args(["x509", "-outform", "der", "-in"]).arg(folder.file("ca.pem")).arg("-out").arg(&der);
    assert_eq!(finish(&mut openssl).0, 0);
    let authority = format!("certificate-file={}", der.display());
    let more = ["tls=certificate", "tls-name=localhost", "status-every=1", &authority];
    let Some(mut board) = board(&folder, &broker, &more) else { return };
    let heard = broker.listen("#");
    board.go();
    board.wait("connected", 1);
    let mut meter = meter(10);
    for _ in 0..3 {
        board.hear(&meter.next_telegram().frame);
        thread::sleep(Duration::from_millis(1500));
    }
    heard.first("smartyreader/home/live");
    let free = heard.on("smartyreader/home/board").last().unwrap().json()["stack_free_b"].as_u64().unwrap();
    eprintln!("{free} bytes of the stack never used");
    // With Wi-Fi there is less stack by 58 KB: 14 KB of it stay unused then, at least.
    assert!(free > 72_000);
}
