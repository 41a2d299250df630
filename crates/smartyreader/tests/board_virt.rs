//! The firmware in QEMU against a real broker: the same telegrams go to the board and to the daemon, and the messages are the same.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod common;

use std::io::Write as _;
use std::net::{TcpListener, TcpStream};

use common::board::{Board, ENTRIES, START, image, meter, of, quarters, settings};
use common::broker::{Broker, Heard, Listener, Security};
use common::{Daemon, Folder, KEY};
use smarty_meter::VirtualMeter;

/// A broker with the board on it, a broker with the daemon on it, and one meter.
struct Pair {
    board: Board,
    daemon: Daemon,
    line: TcpStream,
    heard: [Listener; 2],
    brokers: [Broker; 2],
    _folders: [Folder; 2],
}

impl Pair {
    fn new(name: &str, board: &str, daemon: &str) -> Option<Self> {
        image()?;
        let folders = [Folder::new(&format!("{name}-board")), Folder::new(&format!("{name}-daemon"))];
        let brokers = folders.each_ref().map(|folder| Broker::start(folder, Security::Plain));
        // Subscribers whose sessions the brokers keep over their own restarts.
        let heard = brokers.each_ref().map(|broker| broker.listen_with("#", &["-i", "listener", "-c"]));
        let cable = TcpListener::bind("127.0.0.1:0").unwrap();
        let key = folders[1].write("meter.key", KEY);
        let text = format!(
            "[source.cable]\nkind = \"tcp\"\naddress = \"{}\"\n[meter.home]\nkey-file = \"{}\"\n[mqtt.house]\n{}{daemon}",
            cable.local_addr().unwrap(),
            key.display(),
            brokers[1].settings()
        );
        let daemon = Daemon::start(&folders[1], &text);
        let (line, _) = cable.accept().unwrap();
        let board = Board::start(&folders[0], "board", &settings(&brokers[0], board))?;
        board.wait("connected", 1);
        heard[1].first("smartyreader/availability");
        Some(Self { board, daemon, line, heard, brokers, _folders: folders })
    }

    /// Both hear this many telegrams; each is waited for.
    fn hear(&mut self, meter: &mut VirtualMeter, count: usize, topic: &str) {
        for _ in 0..count {
            let telegram = meter.next_telegram();
            self.board.hear(&telegram.frame);
            self.line.write_all(&telegram.frame).unwrap();
            let time = format!("\"time_unix\":{}", telegram.time().unwrap());
            for listener in &self.heard {
                listener.wait(&format!("{topic} with {time}"), |heard| {
                    of(heard, topic).last().is_some_and(|last| last.text().contains(&time))
                });
            }
        }
    }

    /// What both have said, without what is each one's own: how the reader and the board are.
    fn compare(&self, wanted: impl Fn(&str) -> bool) -> usize {
        let [mine, theirs] = self.heard.each_ref().map(|listener| {
            let own = |topic: &str| topic.ends_with("/status") || topic.ends_with("/board");
            let heard = listener.all().into_iter();
            heard.filter(|heard| !own(&heard.topic) && wanted(&heard.topic)).collect::<Vec<_>>()
        });
        let topics = |heard: &[Heard]| {
            let mut topics: Vec<String> = heard.iter().map(|heard| heard.topic.clone()).collect();
            topics.sort();
            topics.dedup();
            topics
        };
        assert_eq!(topics(&mine), topics(&theirs), "{}", self.daemon.process.log());
        for topic in topics(&mine) {
            let [mine, theirs] = [&mine, &theirs].map(|heard| {
                of(heard, &topic).iter().map(|heard| (without_host_time(&heard.text()), heard.qos)).collect::<Vec<_>>()
            });
            assert_eq!(mine, theirs, "{topic}");
        }
        mine.len()
    }
}

/// The only thing in the messages that is not the meter's.
fn without_host_time(text: &str) -> String {
    let Some((before, behind)) = text.split_once("\"ntp_datetime\":\"") else { return text.into() };
    format!("{before}{}", behind.split_once("\",").unwrap().1)
}

#[test]
fn the_boards_messages_are_the_daemons() {
    let announcements = "home-assistant = { enabled = true, form = \"components\" }\n";
    let Some(mut pair) = Pair::new("same", "home-assistant = on\n", announcements) else { return };
    let mut meter = meter(START, 10);
    // Ten minutes, a quarter-hour, and the next one's beginning.
    pair.hear(&mut meter, 155, "smartyreader/home/live");
    // The network operator writes to the household: telegrams of 3 KB.
    meter.set_message(&"The meter is exchanged on Monday. ".repeat(30));
    pair.hear(&mut meter, 5, "smartyreader/home/live");
    for listener in &pair.heard {
        listener.wait("two entries", |heard| {
            let entries = ["smartyreader/home/quarter-hour", "smartyreader/home/gap"];
            entries.iter().map(|topic| of(heard, topic).len()).sum::<usize>() >= 3
        });
    }
    let announced = |listener: &Listener| listener.topics().iter().filter(|topic| topic.ends_with("/config")).count();
    let wanted = announced(&pair.heard[1]);
    pair.heard[0].wait("as many entities", |heard| {
        heard.iter().filter(|heard| heard.topic.ends_with("/config")).count() >= wanted
    });
    let count = pair.compare(|_| true);
    assert!(pair.heard[0].topics().iter().filter(|topic| topic.contains("/device/")).count() == 2, "gas and water");
    eprintln!("{count} messages are the same, {wanted} of them announcements");
    assert!(count > 200 && wanted > 30);
}

#[test]
fn every_other_format_has_the_daemons_bytes() {
    // The board's word for it, the daemon's, and on which topic a telegram's time stands.
    let formats = [
        ("v1.5", "smartyreader-1.5"),
        ("v1.5-all-json", "smartyreader-1.5-json"),
        ("v1.5-all-text", "smartyreader-1.5-text"),
        ("v1.7", "smartyreader-1.7-cooked"),
        ("v1.7-all", "smartyreader-1.7"),
        ("smartyreader5", "smartyreader-5"),
    ];
    for (ours, theirs) in formats {
        let daemon = format!("[[mqtt.house.format]]\nname = \"{theirs}\"\ntopic = \"lamsmarty\"\nevery = \"20s\"\n");
        let Some(mut pair) =
            Pair::new(&format!("format-{ours}"), &format!("format = {ours}\nformat-every = 20\n"), &daemon)
        else {
            return;
        };
        let mut meter = meter(START, 10);
        pair.hear(&mut meter, 12, "smartyreader/home/live");
        pair.hear(&mut meter, 1, "smartyreader/home/live");
        let ours_of = |topic: &str| topic.starts_with("lamsmarty") && topic != "lamsmarty/ntp_datetime";
        let count = |listener: &Listener| listener.all().iter().filter(|heard| ours_of(&heard.topic)).count();
        // The seventh publication goes out behind the live values: when both are quiet, it is there whole.
        let (mut known, mut quiet) = ((0, 1), 0);
        for _ in 0..600 {
            let now = (count(&pair.heard[0]), count(&pair.heard[1]));
            quiet = if now == known && now.0 == now.1 { quiet + 1 } else { 0 };
            known = now;
            if quiet == 20 {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        let count = pair.compare(ours_of);
        eprintln!("{ours}: {count} messages are the same");
        assert!(count >= 7);
    }
}

#[test]
fn what_closes_while_the_broker_is_away_for_a_day_comes_once_and_in_order() {
    let Some(mut pair) = Pair::new("away", "status-every = 1\n", "") else { return };
    // Five telegrams a quarter-hour, one on each border.
    let mut meter = meter(START + 600, 180);
    pair.hear(&mut meter, 12, "smartyreader/home/live");
    pair.brokers[0].stop();
    // What is said to a broker that has ended, before the line says so, is lost and not counted.
    pair.board.wait("the broker is gone", 1);
    for _ in 0..480 {
        let telegram = meter.next_telegram();
        pair.board.hear(&telegram.frame);
        pair.line.write_all(&telegram.frame).unwrap();
    }
    pair.heard[1].wait("a day of quarter-hours", |heard| of(heard, ENTRIES[0]).len() >= 98);
    pair.brokers[0].go();
    pair.heard[0].wait("a day of quarter-hours", |heard| of(heard, ENTRIES[0]).len() >= 98);
    pair.hear(&mut meter, 6, "smartyreader/home/live");
    for listener in &pair.heard {
        listener.wait("the next quarter-hour", |heard| of(heard, ENTRIES[0]).len() >= 99);
    }
    let [mine, theirs] = pair.heard.each_ref().map(quarters);
    // Where the answer was lost with the line, the last message before comes again, and nothing else does.
    let mut once = mine.clone();
    once.dedup();
    assert_eq!(once, theirs);
    assert!(mine.len() <= theirs.len() + 4, "{} and {}", mine.len(), theirs.len());
    // Live values are of now: those that came while nobody could hear them are counted and gone.
    let skipped = |heard: &[Heard]| {
        let board = of(heard, "smartyreader/home/board").last().map(|board| board.json());
        board.and_then(|board| board["live_skipped"].as_u64()).unwrap_or(0) as usize
    };
    let all = 12 + 480 + 6;
    pair.heard[0].wait("each telegram published or counted", |heard| {
        of(heard, "smartyreader/home/live").len() + skipped(heard) >= all
    });
    let heard = pair.heard[0].all();
    let (live, skipped) = (of(&heard, "smartyreader/home/live").len(), skipped(&heard));
    assert!(live + skipped <= all, "{live} live values and {skipped} that were not replayed");
    assert!(skipped > 200, "only {skipped} live values were not replayed");
}
