//! Meters of a house that say what a test wants, when it wants: plain telegrams on a TCP port each.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use super::days::luxembourg;

/// One meter, and where its registers stand.
pub struct Member {
    name: String,
    listener: TcpListener,
    client: Option<TcpStream>,
    equipment: String,
    /// Wh.
    pub import: i64,
    /// Wh.
    pub export: i64,
}

impl Member {
    pub fn new(name: &str, equipment: &str, import: i64, export: i64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Self { name: name.into(), listener, client: None, equipment: equipment.into(), import, export }
    }

    /// Source and meter in a configuration. The line stays open while nobody speaks.
    pub fn section(&self, more: &str) -> String {
        let (name, address) = (&self.name, self.listener.local_addr().unwrap());
        format!(
            "[source.{name}]\nkind = \"tcp\"\naddress = \"{address}\"\nsilence = \"10m\"\n[meter.{name}]\nsource = \"{name}\"\n{more}\n"
        )
    }

    /// Another meter in its place.
    pub fn swap(&mut self, equipment: &str) {
        self.equipment = equipment.into();
        (self.import, self.export) = (17, 4);
    }

    /// Waits until a daemon listens.
    pub fn connect(&mut self) {
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            match self.listener.accept() {
                Ok((client, _)) => break self.client = Some(client),
                Err(_) if Instant::now() < until => std::thread::sleep(Duration::from_millis(5)),
                Err(error) => panic!("nobody connects to {}: {error}", self.name),
            }
        }
    }

    /// A telegram of this time, in which the registers have risen by so much.
    pub fn say(&mut self, time: i64, import: i64, export: i64) {
        self.import += import;
        self.export += export;
        let stamp = jiff::Timestamp::from_second(time).unwrap().to_zoned(luxembourg());
        let season = if stamp.offset().seconds() == 7200 { 'S' } else { 'W' };
        let kilo = |number: i64| format!("{:06}.{:03}", number / 1000, number % 1000);
        let mut name = String::new();
        for byte in self.equipment.bytes() {
            let _ = write!(name, "{byte:02X}");
        }
        // Power of the ten seconds before.
        let power = |energy: i64| format!("{:02}.{:03}", energy * 360 / 1000, energy * 360 % 1000);
        let text = format!(
            "/KFM5KAIFA-METER\r\n\r\n0-0:1.0.0({}{season})\r\n0-0:42.0.0({name})\r\n1-0:1.8.0({}*kWh)\r\n1-0:2.8.0({}*kWh)\r\n\
             1-0:1.7.0({}*kW)\r\n1-0:2.7.0({}*kW)\r\n!",
            stamp.strftime("%y%m%d%H%M%S"),
            kilo(self.import),
            kilo(self.export),
            power(import),
            power(export),
        );
        let telegram = format!("{text}{:04X}\r\n", smarty_p1::crc16(text.as_bytes()));
        self.client.as_mut().unwrap().write_all(telegram.as_bytes()).unwrap();
    }
}
