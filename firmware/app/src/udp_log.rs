//! UDP log: what is logged, as lines to a host of the household's choice (`nc -kulw 0 6666` shows them there).

use core::fmt::Write as _;
use core::net::Ipv4Addr;

use embassy_net::Stack;
use embassy_net::udp::{PacketMetadata, UdpSocket};
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::channel::Channel;
use embassy_time::{Duration, Instant, Timer};
use heapless::String;

use crate::net;
use crate::settings::{Name, Settings};

/// The longest line; what is longer is cut.
pub const LONGEST: usize = 160;
/// So many lines wait for the network; what comes meanwhile is lost, as it always is with UDP.
const WAITING: usize = 8;

static LINES: Channel<CriticalSectionRawMutex, String<LONGEST>, WAITING> = Channel::new();

/// A line for whoever listens; the board's logger calls it for each. It never waits.
pub fn put(record: &log::Record<'_>) {
    let mut line = String::new();
    // What does not fit is cut.
    let _ = write!(Cut(&mut line), "{} {} {}", Instant::now().as_millis(), record.level(), record.args());
    // Nobody may listen.
    let _ = LINES.try_send(line);
}

/// Takes what fits.
struct Cut<'a>(&'a mut String<LONGEST>);

impl core::fmt::Write for Cut<'_> {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        for character in text.chars() {
            self.0.push(character).map_err(|_| core::fmt::Error)?;
        }
        Ok(())
    }
}

/// Sends lines for ever, where somebody listens.
pub(crate) async fn run(stack: Stack<'static>, settings: &Settings) -> ! {
    let address = settings.given(Name::LogAddress).and_then(|text| text.parse::<Ipv4Addr>().ok());
    let Some(address) = address else {
        loop {
            // Nobody does: old lines make room for themselves.
            let _ = LINES.receive().await;
        }
    };
    let port = settings.number(Name::LogPort) as u16;
    let (mut received, mut sent) = ([PacketMetadata::EMPTY; 1], [PacketMetadata::EMPTY; 4]);
    let (mut inbox, mut outbox) = ([0; 16], [0; 1024]);
    let mut socket = UdpSocket::new(stack, &mut received, &mut inbox, &mut sent, &mut outbox);
    while socket.bind(0).is_err() {
        Timer::after_secs(1).await;
    }
    loop {
        let mut line = LINES.receive().await;
        net::up(stack, Duration::from_secs(60)).await;
        // A line of the longest length has no end.
        let _ = line.push('\n');
        // What the network does not take is lost.
        let _ = socket.send_to(line.as_bytes(), (address, port)).await;
    }
}
