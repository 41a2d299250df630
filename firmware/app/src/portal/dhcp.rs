//! Dhcp: addresses for those who join the board's own network (RFC 2131, and the options of RFC 2132).

use core::net::Ipv4Addr;

/// The longest message that is taken; the shortest that everybody must take has 576.
pub const MESSAGE: usize = 576;

/// Who may be in the network at the same time. The one that came first makes room.
const GUESTS: usize = 8;
/// The first guest's last number.
const FIRST: u8 = 2;
/// Long enough for a setup, s.
const LEASE_S: u32 = 3600;

/// Fixed part of a message, with the magic number before the options.
const OPTIONS: usize = 240;
const MAGIC: [u8; 4] = [0x63, 0x82, 0x53, 0x63];
const REQUEST: u8 = 1;
const REPLY: u8 = 2;

const MASK: u8 = 1;
const ROUTER: u8 = 3;
const NAMES: u8 = 6;
const ASKED: u8 = 50;
const TIME: u8 = 51;
const KIND: u8 = 53;
const SERVER: u8 = 54;
/// Where the page is (RFC 8910): telephones open it by themselves.
const PORTAL: u8 = 114;
const END: u8 = 255;

const DISCOVER: u8 = 1;
const OFFER: u8 = 2;
const REQUESTED: u8 = 3;
const ACKNOWLEDGED: u8 = 5;
const REFUSED: u8 = 6;

type Mac = [u8; 6];

/// Who has which address.
#[derive(Debug)]
pub struct Leases {
    address: Ipv4Addr,
    guests: [Option<Mac>; GUESTS],
    next: usize,
}

impl Leases {
    /// Nobody is here yet. `address` is the board's, in a network of 24 bits.
    pub const fn new(address: Ipv4Addr) -> Self {
        Self { address, guests: [None; GUESTS], next: 0 }
    }

    /// Makes an answer of the message in the first `length` bytes; answers how long it is. `None`: there is nothing to say.
    pub fn answer(&mut self, message: &mut [u8; MESSAGE], length: usize) -> Option<usize> {
        let asked = message.get(..length)?;
        if length < OPTIONS || asked[0] != REQUEST || asked[1..3] != [1, 6] || asked[236..OPTIONS] != MAGIC {
            return None;
        }
        let mac: Mac = core::array::from_fn(|index| asked[28 + index]);
        let option = |wanted| options(&asked[OPTIONS..]).find(|(code, _)| *code == wanted).map(|(_, value)| value);
        let kind = match option(KIND)? {
            [DISCOVER] => OFFER,
            [REQUESTED] => ACKNOWLEDGED,
            _ => return None,
        };
        if option(SERVER).is_some_and(|server| server != self.address.octets()) {
            // It has chosen another server.
            return None;
        }
        let given = self.address_of(mac);
        // One who comes back asks for what it had: in its message, or in the field of its address.
        let wanted = option(ASKED).or(Some(&asked[12..16])).filter(|wanted| **wanted != [0; 4]);
        let kind = match wanted {
            Some(wanted) if kind == ACKNOWLEDGED && wanted != given.octets() => REFUSED,
            _ => kind,
        };
        Some(self.reply(message, kind, given))
    }

    /// The address of this guest, for as long as it is among the last.
    fn address_of(&mut self, mac: Mac) -> Ipv4Addr {
        let place = self.guests.iter().position(|guest| *guest == Some(mac)).unwrap_or_else(|| {
            let place = self.next;
            self.guests[place] = Some(mac);
            self.next = (place + 1) % GUESTS;
            place
        });
        let [a, b, c, _] = self.address.octets();
        Ipv4Addr::new(a, b, c, FIRST + place as u8)
    }

    fn reply(&self, message: &mut [u8; MESSAGE], kind: u8, given: Ipv4Addr) -> usize {
        message[0] = REPLY;
        // Hops and seconds; who asked, by its number and its hardware address, stays.
        message[3] = 0;
        message[8..10].fill(0);
        message[12..28].fill(0);
        message[44..236].fill(0);
        if kind != REFUSED {
            message[16..20].copy_from_slice(&given.octets());
        }
        message[20..24].copy_from_slice(&self.address.octets());
        let mut at = OPTIONS;
        let mut put = |code: u8, value: &[u8]| {
            message[at..at + 2].copy_from_slice(&[code, value.len() as u8]);
            message[at + 2..at + 2 + value.len()].copy_from_slice(value);
            at += 2 + value.len();
        };
        put(KIND, &[kind]);
        put(SERVER, &self.address.octets());
        if kind != REFUSED {
            put(TIME, &LEASE_S.to_be_bytes());
            put(MASK, &[255, 255, 255, 0]);
            put(ROUTER, &self.address.octets());
            put(NAMES, &self.address.octets());
            put(PORTAL, b"http://192.168.4.1/");
        }
        message[at] = END;
        // Old ones want a message of 300 bytes.
        let end = (at + 1).max(300);
        message[at + 1..end.max(at + 1)].fill(0);
        end
    }
}

fn options(mut bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    core::iter::from_fn(move || {
        loop {
            let (&code, rest) = bytes.split_first()?;
            match code {
                0 => bytes = rest,
                END => return None,
                code => {
                    let (&length, rest) = rest.split_first()?;
                    let (value, rest) = rest.split_at_checked(usize::from(length))?;
                    bytes = rest;
                    return Some((code, value));
                }
            }
        }
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.
    extern crate std;
    use super::*;
    use crate::portal::ADDRESS;
    use proptest::prelude::*;
    use std::format;

    fn message(mac: u8, kind: u8, more: &[u8]) -> ([u8; MESSAGE], usize) {
        let mut message = [0; MESSAGE];
        message[..8].copy_from_slice(&[REQUEST, 1, 6, 0, 1, 2, 3, 4]);
        message[28..34].fill(mac);
        message[236..240].copy_from_slice(&MAGIC);
        message[240..243].copy_from_slice(&[KIND, 1, kind]);
        message[243..243 + more.len()].copy_from_slice(more);
        message[243 + more.len()] = END;
        (message, 244 + more.len())
    }

    /// Kind and address of the answer.
    fn ask(leases: &mut Leases, mac: u8, kind: u8, more: &[u8]) -> Option<(u8, [u8; 4])> {
        let (mut message, length) = message(mac, kind, more);
        let length = leases.answer(&mut message, length)?;
        assert!(length >= 300);
        assert_eq!(message[..2], [REPLY, 1]);
        assert_eq!(message[4..8], [1, 2, 3, 4]);
        assert_eq!(message[28..34], [mac; 6]);
        let kind = options(&message[OPTIONS..length]).find(|(code, _)| *code == KIND).unwrap().1[0];
        Some((kind, message[16..20].try_into().unwrap()))
    }

    #[test]
    fn a_telephone_gets_an_address_and_keeps_it() {
        let mut leases = Leases::new(ADDRESS);
        let address = [192, 168, 4, 2];
        assert_eq!(ask(&mut leases, 7, DISCOVER, &[]), Some((OFFER, address)));
        let asked = [ASKED, 4, 192, 168, 4, 2, SERVER, 4, 192, 168, 4, 1];
        assert_eq!(ask(&mut leases, 7, REQUESTED, &asked), Some((ACKNOWLEDGED, address)));
        assert_eq!(ask(&mut leases, 8, DISCOVER, &[]), Some((OFFER, [192, 168, 4, 3])));
        assert_eq!(ask(&mut leases, 7, DISCOVER, &[]), Some((OFFER, address)));
    }

    #[test]
    fn what_belongs_elsewhere_is_refused_or_left_alone() {
        let mut leases = Leases::new(ADDRESS);
        assert_eq!(ask(&mut leases, 7, REQUESTED, &[ASKED, 4, 10, 0, 0, 9]), Some((REFUSED, [0; 4])));
        assert_eq!(ask(&mut leases, 7, REQUESTED, &[SERVER, 4, 10, 0, 0, 1]), None);
        for kind in [0, OFFER, 4, 7, 8] {
            assert_eq!(ask(&mut leases, 7, kind, &[]), None);
        }
    }

    #[test]
    fn the_page_is_told() {
        let (mut message, length) = message(1, DISCOVER, &[]);
        let length = Leases::new(ADDRESS).answer(&mut message, length).unwrap();
        let portal = options(&message[OPTIONS..length]).find(|(code, _)| *code == PORTAL).unwrap().1;
        assert_eq!(portal, format!("http://{ADDRESS}/").as_bytes());
    }

    proptest! {
        #[test]
        fn no_two_guests_of_the_last_eight_share_an_address(guests in proptest::collection::vec(0..12_u8, 1..60)) {
            let mut leases = Leases::new(ADDRESS);
            for guest in guests {
                let address = ask(&mut leases, guest, DISCOVER, &[]).unwrap().1;
                prop_assert!((FIRST..FIRST + GUESTS as u8).contains(&address[3]));
                let others = leases.guests.iter().enumerate().filter(|(place, _)| FIRST + *place as u8 == address[3]);
                prop_assert!(others.map(|(_, other)| *other).eq([Some([guest; 6])]));
            }
        }

        #[test]
        fn nothing_that_comes_stops_it(bytes in proptest::collection::vec(any::<u8>(), 0..MESSAGE), length in 0..700_usize) {
            let (mut message, _) = message(1, DISCOVER, &[]);
            message[OPTIONS..].fill(0);
            for (place, byte) in message[OPTIONS..].iter_mut().zip(&bytes) {
                *place = *byte;
            }
            let _ = Leases::new(ADDRESS).answer(&mut message, length);
            let mut message = [0; MESSAGE];
            message[..bytes.len()].copy_from_slice(&bytes);
            let _ = Leases::new(ADDRESS).answer(&mut message, length);
        }
    }
}
