//! SNTP: asks a time server (RFC 5905, client mode) what time it is.

use embassy_net::udp::{PacketMetadata, UdpSocket};
use embassy_net::{IpAddress, Stack};
use embassy_time::{Duration, Timer, with_timeout};

use crate::net;
use crate::settings::{Name, Settings};
use crate::utc::{Origin, Utc};

/// NTP counts from 1900.
const TO_1970: u64 = 2_208_988_800;
const PORT: u16 = 123;
const PATIENCE: Duration = Duration::from_secs(5);
/// The crystal is off by a second a day; four times a day is enough.
const AGAIN: Duration = Duration::from_secs(6 * 3600);
/// The longer a server has not answered, the more seldom it is asked, s.
const PAUSES: (u64, u64) = (4, 1800);

/// What we send: version 4, client, and a number that the answer must repeat.
pub fn question(nonce: u64) -> [u8; 48] {
    let mut packet = [0; 48];
    packet[0] = 0x23;
    packet[40..].copy_from_slice(&nonce.to_be_bytes());
    packet
}

/// UTC seconds of an answer. `None`: it is none, or not to this question, or the server does not know itself.
pub fn answer(packet: &[u8], nonce: u64) -> Option<i64> {
    let packet: &[u8; 48] = packet.get(..48)?.try_into().ok()?;
    let [first, stratum, ..] = *packet;
    let (unknown, server) = (first >> 6 == 3, first & 7 == 4);
    if unknown || !server || !(1..=15).contains(&stratum) || packet[24..32] != nonce.to_be_bytes() {
        return None;
    }
    let seconds = u64::from(u32::from_be_bytes([packet[40], packet[41], packet[42], packet[43]]));
    // The count begins anew in 2036.
    let seconds = if seconds < 1 << 31 { seconds + (1 << 32) } else { seconds };
    i64::try_from(seconds.checked_sub(TO_1970)?).ok()
}

/// Keeps the clock right for ever.
pub(crate) async fn run(stack: Stack<'static>, settings: &Settings, utc: &Utc, mut nonce: u64) -> ! {
    let server = settings.text(Name::TimeServer);
    let (server, port) = match server.rsplit_once(':') {
        Some((server, port)) => (server, port.parse().unwrap_or(PORT)),
        None => (server, PORT),
    };
    let mut pause = PAUSES.0;
    loop {
        if server.is_empty() {
            Timer::after(AGAIN).await;
            continue;
        }
        net::up(stack, Duration::from_secs(60)).await;
        nonce = nonce.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let asked = async { ask(stack, (net::resolve(stack, server).await?, port), nonce).await };
        if let Some(now) = with_timeout(PATIENCE, asked).await.ok().flatten() {
            if utc.own().is_none() {
                log::info!("time server {server}: it is {now}");
            }
            utc.set(now, Origin::Server);
            pause = PAUSES.0;
            Timer::after(AGAIN).await;
        } else {
            Timer::after_secs(pause).await;
            pause = (pause * 2).min(PAUSES.1);
        }
    }
}

async fn ask(stack: Stack<'static>, server: (IpAddress, u16), nonce: u64) -> Option<i64> {
    let (mut received, mut sent) = ([PacketMetadata::EMPTY; 2], [PacketMetadata::EMPTY; 2]);
    let (mut inbox, mut outbox) = ([0; 128], [0; 128]);
    let mut socket = UdpSocket::new(stack, &mut received, &mut inbox, &mut sent, &mut outbox);
    // Any port; the number in the question keeps answers of others out.
    socket.bind(0).ok()?;
    socket.send_to(&question(nonce), server).await.ok()?;
    let mut packet = [0; 64];
    loop {
        let (length, from) = socket.recv_from(&mut packet).await.ok()?;
        if from.endpoint.addr == server.0
            && let Some(now) = answer(&packet[..length], nonce)
        {
            return Some(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good(nonce: u64) -> [u8; 48] {
        let mut packet = [0; 48];
        (packet[0], packet[1]) = (0x24, 2);
        packet[24..32].copy_from_slice(&nonce.to_be_bytes());
        packet[40..44].copy_from_slice(&(1_795_431_600_u64 + TO_1970).to_be_bytes()[4..]);
        packet
    }

    #[test]
    fn the_time_of_an_answer_and_what_is_none() {
        assert_eq!(answer(&good(7), 7), Some(1_795_431_600));
        assert_eq!(answer(&good(7), 8), None, "to somebody else's question");
        assert_eq!(answer(&good(7)[..47], 7), None);
        for (at, value) in [(0, 0xE4), (0, 0x23), (1, 0), (1, 16)] {
            let mut packet = good(7);
            packet[at] = value;
            assert_eq!(answer(&packet, 7), None, "byte {at} is {value:x}");
        }
        // 2036-02-07 06:28:16 UTC is the first second of the next era.
        let mut packet = good(7);
        packet[40..44].fill(0);
        assert_eq!(answer(&packet, 7), Some(2_085_978_496));
    }
}
