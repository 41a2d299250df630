//! The log over UDP: the same lines, a datagram each, and nothing that is private.

#![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.

mod common;

use std::net::UdpSocket;
use std::time::{Duration, Instant};

use common::{Daemon, Folder, KEY, meter};

fn lines(listener: &UdpSocket, until: impl Fn(&[String]) -> bool) -> Vec<String> {
    let end = Instant::now() + Duration::from_secs(30);
    let mut lines = Vec::new();
    let mut buffer = [0; 4096];
    while !until(&lines) {
        assert!(Instant::now() < end, "{lines:#?}");
        if let Ok(length) = listener.recv(&mut buffer) {
            lines.push(String::from_utf8(buffer[..length].to_vec()).unwrap());
        }
    }
    lines
}

#[test]
fn each_line_is_a_datagram() {
    let folder = Folder::new("udp");
    let key = folder.write("home.key", KEY);
    let (_meter, source) = meter(&["--speed", "20", "--key-file", key.to_str().unwrap()]);
    let listener = UdpSocket::bind("127.0.0.1:0").unwrap();
    listener.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let host = listener.local_addr().unwrap();
    let daemon = Daemon::start(
        &folder,
        &format!(
            "[source.line]\nkind = \"tcp\"\naddress = \"{source}\"\n[meter.home]\nkey-file = \"home.key\"\n\
             [log]\nlevel = \"debug\"\nudp = \"{host}\"\n"
        ),
    );
    let telegram = |line: &String| line.contains("meter home: a good telegram of");
    let got = lines(&listener, |lines| lines.iter().filter(|line| telegram(line)).count() >= 5);
    assert!(got.iter().any(|line| line.contains("reading 1 meters on 1 sources")), "{got:#?}");
    for line in &got {
        assert!(line.ends_with('\n') && line.matches('\n').count() == 1, "{line:?}");
        assert!(!line.contains('\x1b'), "{line:?}");
        daemon.wait("the same line on standard error", |daemon| daemon.process.log().contains(line));
        assert!(!line.contains(KEY) && !line.contains("kWh") && !line.contains("energy"), "{line:?}");
    }
}

#[test]
fn at_the_usual_level_there_are_only_troubles_and_nobody_listening_is_none() {
    let folder = Folder::new("udp-level");
    let (_meter, source) = meter(&["--speed", "20"]);
    folder.write("home.key", KEY);
    let listener = UdpSocket::bind("127.0.0.1:0").unwrap();
    listener.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let text = format!(
        "[source.line]\nkind = \"tcp\"\naddress = \"{source}\"\n[meter.home]\nkey-file = \"home.key\"\n\
         [log]\nudp = \"{}\"\n",
        listener.local_addr().unwrap()
    );
    {
        let _daemon = Daemon::start(&folder, &text);
        let got = lines(&listener, |lines| !lines.is_empty());
        assert!(got[0].contains("WARN") && got[0].contains("a key is configured, so they are refused"), "{got:?}");
    }
    drop(listener);
    let daemon = Daemon::start(&folder, &text);
    daemon.wait("it works all the same", |daemon| daemon.problems().contains(&"plain-refused".to_string()));
    daemon.wait("it is in the log", |daemon| daemon.process.log().contains("they are refused"));
}
