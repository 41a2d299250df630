//! mDNS: the board answers to its name with `.local` behind it (RFC 6762, addresses only).

use embassy_net::udp::{PacketMetadata, UdpSocket};
use embassy_net::{IpEndpoint, Ipv4Address, Stack};

const GROUP: Ipv4Address = Ipv4Address::new(224, 0, 0, 251);
const PORT: u16 = 5353;
const TYPE_A: u16 = 1;
const TYPE_ANY: u16 = 255;
/// Header, name with `.local`, and the address.
pub const LONGEST: usize = 12 + 1 + 63 + 7 + 14;

/// The answer to a packet, if it asks for the address of `host`.local: how many bytes of `out` it has.
pub fn answer(question: &[u8], host: &str, address: [u8; 4], out: &mut [u8; LONGEST]) -> Option<usize> {
    let word = |at: usize| Some(u16::from_be_bytes([*question.get(at)?, *question.get(at + 1)?]));
    // Answers of others are none of our business.
    if word(2)? & 0x8000 != 0 {
        return None;
    }
    let mut at = 12;
    for _ in 0..word(4)? {
        let (ours, behind) = name(question, at, host)?;
        let kind = word(behind)?;
        at = behind + 4;
        if !ours || !matches!(kind, TYPE_A | TYPE_ANY) {
            continue;
        }
        // The transaction's number, for those who ask from another port (RFC 6762 §6.7).
        out[..2].copy_from_slice(&question[..2]);
        out[2..12].copy_from_slice(&[0x84, 0, 0, 0, 0, 1, 0, 0, 0, 0]);
        let mut length = 12;
        for label in [host.as_bytes(), b"local"] {
            out[length] = label.len() as u8;
            out[length + 1..=length + label.len()].copy_from_slice(label);
            length += 1 + label.len();
        }
        // End of the name; an address of the internet, nobody else's; two minutes; four bytes.
        out[length..length + 11].copy_from_slice(&[0, 0, 1, 0x80, 1, 0, 0, 0, 120, 0, 4]);
        out[length + 11..length + 15].copy_from_slice(&address);
        return Some(length + 15);
    }
    None
}

/// Reads a name: whether it is ours, and where the packet goes on behind it. Names that point elsewhere in the packet are not
/// ours: the first question has nothing to point to.
fn name(packet: &[u8], mut at: usize, host: &str) -> Option<(bool, usize)> {
    let mut ours = true;
    let mut labels = [host.as_bytes(), &b"local"[..]].into_iter();
    loop {
        let length = usize::from(*packet.get(at)?);
        at += 1;
        match length {
            0 => return Some((ours && labels.next().is_none(), at)),
            0xC0.. => return Some((false, at + 1)),
            _ => {
                let label = packet.get(at..at + length)?;
                ours &= labels.next().is_some_and(|wanted| wanted.eq_ignore_ascii_case(label));
                at += length;
            }
        }
    }
}

/// Answers for ever.
pub(crate) async fn run(stack: Stack<'static>, host: &str) -> ! {
    let (mut received, mut sent) = ([PacketMetadata::EMPTY; 4], [PacketMetadata::EMPTY; 4]);
    let (mut inbox, mut outbox) = ([0; 1024], [0; 256]);
    let mut socket = UdpSocket::new(stack, &mut received, &mut inbox, &mut sent, &mut outbox);
    // Where it cannot be done, the board is reached by its address.
    let usable = host.len() <= 63 && stack.join_multicast_group(GROUP).is_ok() && socket.bind(PORT).is_ok();
    if !usable {
        core::future::pending::<()>().await;
    }
    let mut packet = [0; 512];
    loop {
        // A packet that is longer asks for much else, and is asked again for us alone.
        let Ok((length, from)) = socket.recv_from(&mut packet).await else { continue };
        let Some(config) = stack.config_v4() else { continue };
        let mut out = [0; LONGEST];
        let address = config.address.address().octets();
        if let Some(length) = answer(&packet[..length], host, address, &mut out) {
            let group = IpEndpoint::new(GROUP.into(), PORT);
            let to = if from.endpoint.port == PORT { group } else { from.endpoint };
            // An answer that is lost is asked for again.
            let _ = socket.send_to(&out[..length], to).await;
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::vec::Vec;

    use super::*;

    fn question(labels: &[&str], kind: u8) -> Vec<u8> {
        let mut packet = std::vec![0x12, 0x34, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for label in labels {
            packet.push(label.len() as u8);
            packet.extend(label.as_bytes());
        }
        packet.extend([0, 0, kind, 0, 1]);
        packet
    }

    fn asked(packet: &[u8]) -> Option<Vec<u8>> {
        let mut out = [0; LONGEST];
        answer(packet, "smartyreader", [192, 168, 1, 20], &mut out).map(|length| out[..length].to_vec())
    }

    #[test]
    fn it_answers_to_its_name_and_to_no_other() {
        let answer = asked(&question(&["SmartyReader", "local"], 1)).unwrap();
        assert_eq!(answer[..4], [0x12, 0x34, 0x84, 0]);
        assert!(answer.ends_with(&[0, 4, 192, 168, 1, 20]));
        assert!(asked(&question(&["smartyreader", "local"], 255)).is_some());
        for labels in [&["other", "local"][..], &["smartyreader"], &["smartyreader", "local", "org"], &[]] {
            assert_eq!(asked(&question(labels, 1)), None, "{labels:?}");
        }
        assert_eq!(asked(&question(&["smartyreader", "local"], 28)), None, "there is no IPv6");
    }

    proptest::proptest! {
        #[test]
        fn whatever_comes(packet in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = asked(&packet);
        }

        #[test]
        fn whatever_is_cut_off(length in 0_usize..40) {
            let whole = question(&["smartyreader", "local"], 1);
            let answered = asked(&whole[..length.min(whole.len())]).is_some();
            // The class behind the kind is not looked at.
            proptest::prop_assert_eq!(answered, length + 2 >= whole.len());
        }
    }
}
