//! Improv: how a browser gives a board its Wi-Fi over the serial line (improv-wifi.com/serial, version 1).
//!
//! `IMPROV`, 1, type, length, data, sum of all bytes before. A command's data are its number, a length and its own data.

use core::fmt::{self, Write};
use core::net::Ipv4Addr;

use super::line::Heard;
use crate::access::{Network, Place};

/// How each packet begins: the name and the version.
pub const HEADER: &[u8] = b"IMPROV\x01";

const STATE: u8 = 1;
const ERROR: u8 = 2;
const COMMAND: u8 = 3;
const RESULT: u8 = 4;

const SETTINGS: u8 = 1;
const GET_STATE: u8 = 2;
const GET_INFO: u8 = 3;
const GET_NETWORKS: u8 = 4;

/// A packet as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    kind: u8,
    data: &'a [u8],
}

/// What a client asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request<'a> {
    /// Go into this network.
    Join {
        /// Its name.
        name: &'a str,
        /// Its password; empty for an open one.
        password: &'a str,
    },
    /// Say whether there is a network.
    State,
    /// Say what this is.
    Info,
    /// Say which networks are there.
    Networks,
}

/// What a client is told at once when it changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum State {
    /// Ready to be told a network.
    Ready = 2,
    /// Trying.
    Joining = 3,
    /// In the network.
    Joined = 4,
}

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Error {
    /// Nothing.
    None = 0,
    /// A command that has not the form of its kind.
    Malformed = 1,
    /// A command that is not known.
    Unknown = 2,
    /// The network cannot be joined.
    CannotJoin = 3,
}

/// A packet, once its last byte has come.
pub(super) fn whole(bytes: &[u8]) -> Option<Heard<'_>> {
    let rest = bytes.strip_prefix(HEADER)?;
    let [kind, length, data @ ..] = rest else { return None };
    let (data, sum) = data.split_at_checked(usize::from(*length))?;
    let sum = sum.first()?;
    let right = sum_of(&bytes[..bytes.len() - 1]) == *sum;
    Some(if right { Heard::Packet(Packet { kind: *kind, data }) } else { Heard::Damaged })
}

fn sum_of(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| sum.wrapping_add(*byte))
}

impl<'a> Packet<'a> {
    /// What is asked for. `None`: it is a packet of a device, not of a client.
    ///
    /// # Errors
    /// What the client is told then.
    pub fn request(self) -> Option<Result<Request<'a>, Error>> {
        (self.kind == COMMAND).then(|| self.command())
    }

    fn command(self) -> Result<Request<'a>, Error> {
        let [command, length, data @ ..] = self.data else { return Err(Error::Malformed) };
        if data.len() != usize::from(*length) {
            return Err(Error::Malformed);
        }
        match *command {
            SETTINGS => {
                let (name, rest) = text(data).ok_or(Error::Malformed)?;
                let (password, rest) = text(rest).ok_or(Error::Malformed)?;
                if rest.is_empty() && !name.is_empty() {
                    Ok(Request::Join { name, password })
                } else {
                    Err(Error::Malformed)
                }
            }
            GET_STATE => Ok(Request::State),
            GET_INFO => Ok(Request::Info),
            GET_NETWORKS => Ok(Request::Networks),
            _ => Err(Error::Unknown),
        }
    }
}

/// A text with its length before it.
fn text(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let (length, rest) = bytes.split_first()?;
    let (text, rest) = rest.split_at_checked(usize::from(*length))?;
    Some((core::str::from_utf8(text).ok()?, rest))
}

/// A packet to be sent. One at a time; texts that do not fit are cut off, which none of ours is.
pub struct Reply {
    bytes: [u8; Self::LONGEST],
    length: usize,
    /// Where the text that is being written has to end.
    end: usize,
}

impl Reply {
    const LONGEST: usize = 192;
    /// A text's longest: four of them fit.
    const TEXT: usize = 40;
    const DATA: usize = HEADER.len() + 2;

    fn begin(kind: u8) -> Self {
        let mut reply = Self { bytes: [0; Self::LONGEST], length: Self::DATA, end: 0 };
        reply.bytes[..HEADER.len()].copy_from_slice(HEADER);
        reply.bytes[HEADER.len()] = kind;
        reply
    }

    /// The state.
    pub fn state(state: State) -> Self {
        Self::begin(STATE).byte(state as u8)
    }

    /// What went wrong with the last command.
    pub fn error(error: Error) -> Self {
        Self::begin(ERROR).byte(error as u8)
    }

    /// Where the page is, for who asked `request`: behind joining, and where the state is asked for.
    pub fn page(request: Request<'_>, address: Ipv4Addr) -> Self {
        let mut reply = Self::result(if request == Request::State { GET_STATE } else { SETTINGS });
        reply.text(format_args!("http://{address}/"));
        reply
    }

    /// What this is: firmware, version, chip, name.
    pub fn info(version: &str, chip: &str, name: &str) -> Self {
        let mut reply = Self::result(GET_INFO);
        for part in ["SmartyReader", version, chip, name] {
            reply.text(format_args!("{part}"));
        }
        reply
    }

    /// A network. The last of the list is `None`.
    pub fn network(network: Option<&Network>) -> Self {
        let mut reply = Self::result(GET_NETWORKS);
        if let Some(network) = network {
            reply.text(format_args!("{}", network.name));
            reply.text(format_args!("{}", network.rssi_dbm));
            reply.text(format_args!("{}", if network.locked { "YES" } else { "NO" }));
        }
        reply
    }

    fn result(command: u8) -> Self {
        // The length of the texts comes behind the number, once it is known.
        Self::begin(RESULT).byte(command).byte(0)
    }

    fn byte(mut self, byte: u8) -> Self {
        self.bytes[self.length] = byte;
        self.length += 1;
        self
    }

    fn text(&mut self, text: fmt::Arguments<'_>) {
        let at = self.length;
        self.length += 1;
        self.end = self.length + Self::TEXT;
        let _ = self.write_fmt(text);
        self.bytes[at] = (self.length - at - 1) as u8;
    }

    /// The packet with its sum, and a line end for terminals.
    pub fn finish(&mut self) -> &[u8] {
        self.bytes[HEADER.len() + 1] = (self.length - Self::DATA) as u8;
        if self.bytes[HEADER.len()] == RESULT {
            self.bytes[Self::DATA + 1] = (self.length - Self::DATA - 2) as u8;
        }
        self.bytes[self.length] = sum_of(&self.bytes[..self.length]);
        self.bytes[self.length + 1] = b'\n';
        &self.bytes[..self.length + 2]
    }
}

impl Write for Reply {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let some = &text.as_bytes()[..text.floor_char_boundary(self.end - self.length)];
        self.bytes[self.length..][..some.len()].copy_from_slice(some);
        self.length += some.len();
        Ok(())
    }
}

/// The state of a board that is in this place.
pub fn state(place: Place) -> State {
    if matches!(place, Place::Home(_)) { State::Joined } else { State::Ready }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.
    extern crate std;
    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec;

    fn packet(kind: u8, data: &[u8]) -> Vec<u8> {
        let mut bytes = [HEADER, &[kind, data.len() as u8], data].concat();
        bytes.push(sum_of(&bytes));
        bytes
    }

    #[test]
    fn the_example_of_the_specification() {
        // Name MyWirelessAP, password mysecurepassword, as the page writes it out.
        let data = b"\x01\x1e\x0cMyWirelessAP\x10mysecurepassword";
        let bytes = packet(COMMAND, data);
        let Some(Heard::Packet(packet)) = whole(&bytes) else { panic!("no packet") };
        assert_eq!(packet.request(), Some(Ok(Request::Join { name: "MyWirelessAP", password: "mysecurepassword" })));
    }

    #[test]
    fn commands() {
        let ask = |data: &'static [u8]| Packet { kind: COMMAND, data }.request().unwrap();
        assert_eq!(ask(b"\x02\x00"), Ok(Request::State));
        assert_eq!(ask(b"\x03\x00"), Ok(Request::Info));
        assert_eq!(ask(b"\x04\x00"), Ok(Request::Networks));
        assert_eq!(ask(b"\x01\x04\x02ab\x00"), Ok(Request::Join { name: "ab", password: "" }));
        assert_eq!(ask(b"\x77\x00"), Err(Error::Unknown));
        for data in [
            &b""[..],
            b"\x02",
            b"\x02\x01",
            b"\x01\x02\x00\x00",
            b"\x01\x03\x05ab",
            b"\x01\x05\x02ab\x00x",
            b"\x01\x03\x01\xff\x00",
        ] {
            assert_eq!(ask(data), Err(Error::Malformed), "{data:?}");
        }
        assert_eq!(Packet { kind: STATE, data: b"\x02" }.request(), None);
    }

    #[test]
    fn answers() {
        assert_eq!(Reply::state(State::Ready).finish(), [packet(STATE, b"\x02"), b"\n".to_vec()].concat());
        assert_eq!(Reply::error(Error::CannotJoin).finish(), [packet(ERROR, b"\x03"), b"\n".to_vec()].concat());
        let page = Reply::page(Request::State, Ipv4Addr::new(10, 0, 0, 7)).finish().to_vec();
        assert_eq!(page, [packet(RESULT, b"\x02\x11\x10http://10.0.0.7/"), b"\n".to_vec()].concat());
        let network = Network { name: "home".try_into().unwrap(), rssi_dbm: -61, locked: true };
        let text = Reply::network(Some(&network)).finish().to_vec();
        assert_eq!(text, [packet(RESULT, b"\x04\x0d\x04home\x03-61\x03YES"), b"\n".to_vec()].concat());
        assert_eq!(Reply::network(None).finish(), [packet(RESULT, b"\x04\x00"), b"\n".to_vec()].concat());
    }

    proptest! {
        #[test]
        fn every_answer_is_a_packet_though_texts_are_long(version in ".{0,200}", chip in ".{0,200}", name in ".{0,200}") {
            let mut reply = Reply::info(&version, &chip, &name);
            let bytes = reply.finish();
            let packet = whole(&bytes[..bytes.len() - 1]);
            let is_result = matches!(packet, Some(Heard::Packet(Packet { kind: RESULT, .. })));
            prop_assert!(is_result);
        }

        #[test]
        fn no_packet_stops_it(kind: u8, data in proptest::collection::vec(any::<u8>(), 0..256)) {
            let _ = Packet { kind, data: &data }.request();
        }
    }
}
