//! Packet: what the first `SmartyReader`'s sketch for LoRa sends from point to point.

use core::fmt::{self, Write};

use smarty_p1::{Quantity, Values};

/// The sketch's gateway.
pub const GATEWAY: u8 = 0xfe;
/// The sketch's node.
pub const NODE: u8 = 0x05;
/// Seconds between two packets, as the sketch's.
pub const EVERY_S: u32 = 60;

/// A packet of the sketch: gateway, node, number, length, and the registers in kWh as `6.70;0.02`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet {
    bytes: [u8; 4 + TEXT],
    length: usize,
}

/// Two registers of up to 20 digits.
const TEXT: usize = 48;

impl Packet {
    /// `number` goes up by one with each packet and round at 256. `None`: the meter has no registers.
    pub fn new(number: u8, values: &Values) -> Option<Self> {
        let import = values.total(Quantity::EnergyImport)?;
        let export = values.total(Quantity::EnergyExport).unwrap_or(0);
        let mut packet = Self { bytes: [0; 4 + TEXT], length: 4 };
        write!(packet, "{};{}", Kwh(import), Kwh(export)).ok()?;
        packet.bytes[..4].copy_from_slice(&[GATEWAY, NODE, number, (packet.length - 4) as u8]);
        Some(packet)
    }

    /// What goes on air.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

impl Write for Packet {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let place = self.bytes.get_mut(self.length..self.length + text.len()).ok_or(fmt::Error)?;
        place.copy_from_slice(text.as_bytes());
        self.length += text.len();
        Ok(())
    }
}

/// Wh as kWh with two decimals, half up, as the sketch's board prints them.
struct Kwh(i64);

impl fmt::Display for Kwh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hundredths = (self.0.max(0) / 5 + 1) / 2;
        write!(f, "{}.{:02}", hundredths / 100, hundredths % 100)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // A test ends where something is not as it must be.
    use super::*;
    use crate::lora::values;

    #[test]
    fn the_sketchs_packet() {
        let packet = Packet::new(7, &values(6_695, 15)).unwrap();
        assert_eq!(packet.as_bytes(), b"\xfe\x05\x07\x096.70;0.02");
        assert_eq!(Packet::new(0, &Values::EMPTY), None);
        assert!(Packet::new(0, &values(i64::MAX, i64::MAX)).is_some());
    }
}
